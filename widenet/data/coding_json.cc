#include <algorithm>
#include <nlohmann/json.hpp>

#include "widenet/data/array.h"
#include "widenet/data/coding.h"
#include "widenet/data/json_checks.h"

namespace widenet {
namespace {

using Kind = ColumnCoding::Kind;

std::string kind_name(Kind kind) { return kind == Kind::numeric ? "numeric" : kind == Kind::text ? "text" : "unused"; }

nlohmann::json column_to_json(const ColumnCoding& column) {
  nlohmann::json json = {{"name", column.name}, {"kind", kind_name(column.kind)}};
  if (column.kind == Kind::numeric) {
    json_checks::check_writable({&column.fill, 1}, "coding");
    json["fill"] = column.fill;
  }
  if (column.kind == Kind::text) json["categories"] = column.categories;
  return json;
}

ColumnCoding column_from_json(const nlohmann::json& json) {
  ColumnCoding column;
  json.at("name").get_to(column.name);
  const auto kind = json.at("kind").get<std::string>();
  json_checks::require(kind == "numeric" || kind == "text" || kind == "unused", "coding", "a column's kind is unknown");
  column.kind = kind == "numeric" ? Kind::numeric : kind == "text" ? Kind::text : Kind::unused;
  if (column.kind == Kind::numeric) json.at("fill").get_to(column.fill);
  if (column.kind == Kind::text) {
    json.at("categories").get_to(column.categories);
    json_checks::require(!column.categories.empty(), "coding", "a column of text has no categories");
  }
  return column;
}

TargetCoding target_from_json(const nlohmann::json& json, std::size_t columns) {
  TargetCoding target;
  json.at("name").get_to(target.name);
  json.at("position").get_to(target.position);
  json_checks::require(target.position < columns, "coding", "its target stands outside the table");
  const auto task = json.at("task").get<std::string>();
  json_checks::require(task == "regression" || task == "classification", "coding", "its task is unknown");
  target.task = task == "regression" ? Task::regression : Task::classification;
  json.at("class_names").get_to(target.class_names);
  json.at("class_values").get_to(target.class_values);
  const std::size_t classes = target.class_names.size();
  json_checks::require(target.task == Task::regression ? classes == 0 : classes >= 2, "coding",
                       "its classes do not fit its task");
  json_checks::require(target.class_values.empty() || target.class_values.size() == classes, "coding",
                       "its class values are not one per class");
  return target;
}

}  // namespace

void to_json(nlohmann::json& json, const Coding& coding) {
  json_checks::check_writable(coding.target.class_values, "coding");
  auto inputs = nlohmann::json::array();
  for (const ColumnCoding& column : coding.inputs) inputs.push_back(column_to_json(column));
  json = {{"inputs", inputs},
          {"named", coding.named},
          {"target",
           {{"name", coding.target.name},
            {"position", coding.target.position},
            {"task", to_string(coding.target.task)},
            {"class_names", coding.target.class_names},
            {"class_values", coding.target.class_values}}},
          {"sample_shape", coding.sample_shape}};
}

void from_json(const nlohmann::json& json, Coding& coding) {
  json_checks::read("coding", [&] {
    Coding read;
    for (const nlohmann::json& column : json.at("inputs")) read.inputs.push_back(column_from_json(column));
    json.at("named").get_to(read.named);
    read.target = target_from_json(json.at("target"), read.inputs.size() + 1);
    json.at("sample_shape").get_to(read.sample_shape);
    json_checks::require(product(read.sample_shape) == read.width(), "coding",
                         "the extents of a sample do not match its inputs");
    coding = std::move(read);
  });
}

}  // namespace widenet
