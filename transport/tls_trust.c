/* SPDX-License-Identifier: MIT */
#include "h2client/types.h"
