// The words of the layers that know positions.
#include <algorithm>

#include "widenet/architecture/slices.h"
#include "widenet/architecture/word_access.h"

namespace widenet {
namespace {

bool all_equal(const Window& window, std::size_t extent) {
  return std::all_of(window.begin(), window.end(), [&](std::size_t x) { return x == extent; });
}

// Whether the layer's stride is the one that it has without any.
bool usual(const Conv& conv) { return conv.stride.size() == conv.window.size() && all_equal(conv.stride, 1); }
bool usual(const Pool& pool) { return pool.stride == pool.window; }

// A stride is written as one number where it is the same along all axes of the window. In the layer it is empty where
// it is the usual one, else it has the window's extents.
template <class Strided>
Access<Layer> stride_access() {
  return {[](const Layer& layer, std::size_t) -> Value {
            const auto& strided = std::get<Strided>(layer);
            const Window& stride = strided.stride;
            if (stride.empty() || usual(strided)) return {};
            const bool same = stride.size() == strided.window.size() && all_equal(stride, stride[0]);
            return same ? to_value(stride[0]) : to_value(stride);
          },
          [](Layer& layer, std::size_t, const Value& value) {
            auto& strided = std::get<Strided>(layer);
            from_value(value, strided.stride);
            if (strided.stride.size() == 1) strided.stride.resize(strided.window.size(), strided.stride[0]);
            if (usual(strided)) strided.stride.clear();
          }};
}

template <class Strided>
void add_stride(Word<Layer>& word) {
  word.parameters.push_back({"stride", Domain::extents});
  word.access.push_back(stride_access<Strided>());
}

Word<Layer> conv_word(const char* name, ConvKind kind) {
  Conv prototype;
  prototype.kind = kind;
  Word<Layer> word{{name, {}}, prototype, {}};
  add<Layer, &Conv::window>(word, {"window", Domain::extents, true, {}});
  add<Layer, &Conv::width>(word, {"width", Domain::width});
  add_stride<Conv>(word);
  add_choice<&Conv::padding>(word, "padding");
  add<Layer, &Conv::weight_std>(word, {"weight_std", Domain::non_negative});
  add<Layer, &Conv::bias_std>(word, {"bias_std", Domain::non_negative});
  add_choice<&Conv::parametrization>(word, "parametrization");
  add_choice<&Conv::trained>(word, "trained");
  return word;
}

Word<Layer> pool_word(const char* name, bool sum) {
  Pool prototype;
  prototype.sum = sum;
  Word<Layer> word{{name, {}}, prototype, {}};
  add<Layer, &Pool::window>(word, {"window", Domain::extents, true, {}});
  add_stride<Pool>(word);
  add_choice<&Pool::padding>(word, "padding");
  // A sum divides by nothing.
  if (!sum) add_choice<&Pool::edges>(word, "edges");
  return word;
}

Word<Layer> layer_norm_word() {
  Word<Layer> word{{"layer_norm", {}}, LayerNorm{}, {}};
  word.parameters.push_back({"axes", Domain::axes, false, {"channels"}});
  word.access.push_back({[](const Layer& layer, std::size_t) {
                           const Window& axes = std::get<LayerNorm>(layer).axes;
                           return axes.empty() ? Value(Choice{"channels"}) : to_value(axes);
                         },
                         [](Layer& layer, std::size_t, const Value& value) {
                           Window& axes = std::get<LayerNorm>(layer).axes;
                           axes.clear();
                           if (!std::holds_alternative<Choice>(value)) from_value(value, axes);
                           std::sort(axes.begin(), axes.end());
                         }});
  return word;
}

Word<Layer> attention_word() {
  Word<Layer> word{{"attention", {}}, Attention{}, {}};
  add<Layer, &Attention::heads>(word, {"heads", Domain::width});
  add<Layer, &Attention::key>(word, {"key", Domain::width});
  add<Layer, &Attention::value>(word, {"value", Domain::width});
  add<Layer, &Attention::width>(word, {"width", Domain::width});
  add_choice<&Attention::scaling>(word, "scaling");
  add_choice<&Attention::weights>(word, "weights");
  add<Layer, &Attention::query_std>(word, {"query_std", Domain::non_negative});
  add<Layer, &Attention::key_std>(word, {"key_std", Domain::non_negative});
  add<Layer, &Attention::value_std>(word, {"value_std", Domain::non_negative});
  add<Layer, &Attention::output_std>(word, {"output_std", Domain::non_negative});
  add<Layer, &Attention::bias_std>(word, {"bias_std", Domain::non_negative});
  add_choice<&Attention::position>(word, "position");
  add<Layer, &Attention::position_std>(word, {"position_std", Domain::non_negative});
  add<Layer, &Attention::position_channels>(word, {"position_channels", Domain::width});
  constexpr auto& kinds = words_of_enum<PositionDecay::Kind>;
  add<Layer, &Attention::position_decay>(word, {"position_decay", Domain::decay, false, {kinds.begin(), kinds.end()}});
  add<Layer, &Attention::position_power>(word, {"position_power", Domain::positive});
  add_choice<&Attention::position_in_values>(word, "position_in_values");
  return word;
}

Word<Layer> dot_general_word() {
  Word<Layer> word{{"dot_general", {}}, DotGeneral{}, {}};
  word.parameters.push_back({"constant", Domain::constant, true, {}});
  word.access.push_back({[](const Layer& layer, std::size_t) -> Value {
                           const auto& [file, contract, shape, numbers] = std::get<DotGeneral>(layer);
                           if (!file.empty()) return NumbersFile{file, numbers, shape};
                           if (shape.size() != 2 || shape[1] == 0) return numbers;
                           Rows rows;
                           for (auto at = numbers.begin(); at < numbers.end();) {
                             const auto left = static_cast<std::size_t>(numbers.end() - at);
                             const auto end = at + static_cast<std::ptrdiff_t>(std::min(shape[1], left));
                             rows.emplace_back(at, end);
                             at = end;
                           }
                           return rows;
                         },
                         [](Layer& layer, std::size_t, const Value& value) {
                           auto& [file, contract, shape, numbers] = std::get<DotGeneral>(layer);
                           if (const auto* given = std::get_if<NumbersFile>(&value)) {
                             file = given->path;
                             shape = given->shape;
                             numbers = given->numbers;
                           } else if (const auto* list = std::get_if<std::vector<double>>(&value)) {
                             shape = {list->size()};
                             numbers = *list;
                           } else {
                             const auto& rows = std::get<Rows>(value);
                             shape = {rows.size(), rows.front().size()};
                             for (const auto& row : rows) numbers.insert(numbers.end(), row.begin(), row.end());
                           }
                         }});
  add<Layer, &DotGeneral::contract>(word, {"contract", Domain::axis, true, {}});
  return word;
}

Word<Layer> resize_word() {
  Word<Layer> word{{"resize", {}}, Resize{}, {}};
  add<Layer, &Resize::shape>(word, {"shape", Domain::extents, true, {}});
  add_choice<&Resize::method>(word, "method");
  add_choice<&Resize::antialias>(word, "antialias");
  return word;
}

Word<Layer> index_word() {
  Word<Layer> word{{"index", {}}, Index{}, {}};
  word.parameters.push_back({"slices", Domain::slices, true, {}});
  word.access.push_back(
      {[](const Layer& layer, std::size_t) { return Value(Text{to_text(std::get<Index>(layer).axes)}); },
       [](Layer& layer, std::size_t, const Value& value) {
         std::get<Index>(layer).axes = parse_slices(std::get<Text>(value).text).value();
       }});
  return word;
}

}  // namespace

std::vector<Word<Layer>> position_words() {
  std::vector<Word<Layer>> words{
      conv_word("conv", ConvKind::shared),
      conv_word("conv_local", ConvKind::local),
      conv_word("conv_transpose", ConvKind::transpose),
      pool_word("avg_pool", false),
      pool_word("sum_pool", true),
      {{"global_avg_pool", {}}, GlobalPool{false}, {}},
      {{"global_sum_pool", {}}, GlobalPool{true}, {}},
      {{"flatten", {}}, Flatten{}, {}},
      layer_norm_word(),
      attention_word(),
      {{"aggregate", {}}, Aggregate{}, {}},
      dot_general_word(),
      resize_word(),
      index_word(),
  };
  return words;
}

}  // namespace widenet
