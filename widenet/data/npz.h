// numpy's npz files: a zip archive of npy files, stored or deflated.
#pragma once

#include <string>
#include <string_view>

#include "widenet/data/array.h"

namespace widenet {

// Whether the bytes begin as zip archives do.
bool is_zip(std::string_view bytes);

// The array of that name in an archive; the first where the name is empty, and a note says which there are.
// Throws Error(Fault::environment) naming `path`: a truncated or damaged archive (sizes and CRC-32 are checked before
// they are believed), encryption or a compression other than deflate, no array of that name; and as parse_npy does.
Array parse_npz(std::string_view bytes, const std::string& path, const std::string& name = "");

}  // namespace widenet
