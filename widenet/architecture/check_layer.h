// What must hold for a layer by itself, whatever it reads.
#pragma once

#include "widenet/architecture/print.h"

namespace widenet {

// Throws Error(usage) unless every parameter lies in its domain, goes with the others, and every bracket is filled.
void check_layer(const Who& who);

}  // namespace widenet
