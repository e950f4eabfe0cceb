// Images as training data.
#pragma once

#include "widenet/data/dataset.h"

namespace widenet {

// The n samples, then the mirror image of each, left and right exchanged, with the same target: 2 n. The axis that is
// reversed is the one before the channels. Throws Error(usage) where a sample has fewer than two axes of positions.
Dataset with_mirror_images(const Dataset& data);

}  // namespace widenet
