// The binary files of CIFAR-10 and CIFAR-100: labels and colour images, one record after the other.
#pragma once

#include <string>
#include <string_view>

#include "widenet/data/array.h"

namespace widenet {

// n images of 32 x 32 x 3 numbers from 0 to 255, channels last; the labels are a column of the name "label".
struct LabelledImages {
  Array images;
  Column labels;
};

// The images in the bytes of such a file, or of several, one after the other. A record is one label byte (CIFAR-10: 0
// to 9) or two (CIFAR-100: coarse, 0 to 19, then fine, 0 to 99), then 1024 bytes of red, green and blue, each row by
// row. The two are told apart by the length, a multiple of 3073 or of 3074 bytes, and where it is both, by the labels,
// which must be in those ranges. `labels` of CIFAR-100 is "fine", "coarse" or empty: fine, and a note says so.
// Throws Error(Fault::environment) naming `path`, before any memory is taken: a length or labels of neither, labels of
// another name.
LabelledImages parse_cifar(std::string_view bytes, const std::string& path, const std::string& labels = "");

}  // namespace widenet
