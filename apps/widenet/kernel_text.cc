#include "apps/widenet/kernel_text.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace widenet::app {

std::string short_text(const Kernel& kernel, std::size_t longest) {
  constexpr std::size_t kept = 2;
  const std::string text = to_text(kernel);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    out += text[at];
    // A list is a value, behind ( or =; the brackets of networks stand behind a name.
    if (text[at] != '[' || at == 0 || (text[at - 1] != '(' && text[at - 1] != '=')) continue;
    const std::size_t end = text.find(']', at);
    const auto values = CLI::detail::split(text.substr(at + 1, end - at - 1), ',');
    if (values.size() <= longest) continue;
    for (std::size_t k = 0; k < kept; ++k) out += values[k] + ",";
    out += " ... " + std::to_string(values.size() - kept) + " more";
    at = end - 1;
  }
  return out;
}

}  // namespace widenet::app
