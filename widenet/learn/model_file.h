// The model file: one file, versioned, checksummed, self-describing.
#pragma once

#include <cstdint>
#include <string>

#include "widenet/learn/model.h"

namespace widenet {

// Writes to a temporary name beside `path` and renames (data/file.h): an interrupted write never leaves a half file.
// Throws Error(environment) where it cannot be written, and leaves a file of that name as it was.
void save_model(const Model& model, const std::string& path);

// Reads back bit-identical predictions. Throws Error(environment), with the reason, for a file that is no model, is
// truncated or altered (checksum), or was written by a newer format.
Model load_model(const std::string& path);

// The version of the format that a model file is written in. Throws Error(environment) as load_model does.
std::uint32_t model_format_version(const std::string& path);

// Whether the file begins like a model file.
bool is_model_file(const std::string& path);

}  // namespace widenet
