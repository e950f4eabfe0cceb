#include "widenet/architecture/slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace widenet {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// What stands before the first `separator`, which is taken off the text with it.
std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t at = std::min(text.find(separator), text.size());
  const std::string_view part = trimmed(text.substr(0, at));
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

bool read(std::string_view text, std::optional<long>& number) {
  long value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return false;
  number = value;
  return true;
}

std::optional<Slice> parse_slice(std::string_view text) {
  Slice slice;
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (colons == 0) {
    slice.single = true;
    return read(text, slice.begin) ? std::optional(slice) : std::nullopt;
  }
  if (colons > 2) return std::nullopt;
  std::optional<long> step;
  for (std::optional<long>* number : {&slice.begin, &slice.end, &step}) {
    const std::string_view part = next_part(text, ':');
    if (!part.empty() && !read(part, *number)) return std::nullopt;
  }
  slice.step = step.value_or(1);
  return slice.step == 0 ? std::nullopt : std::optional(slice);
}

}  // namespace

std::optional<std::vector<Slice>> parse_slices(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<Slice> slices;
  for (auto left = 1 + std::count(text.begin(), text.end(), ','); left > 0; --left) {
    const std::optional<Slice> slice = parse_slice(next_part(text, ','));
    if (!slice) return std::nullopt;
    slices.push_back(*slice);
  }
  return slices;
}

std::string to_text(const std::vector<Slice>& slices) {
  std::vector<std::string> texts;
  for (const Slice& slice : slices) {
    std::string text = slice.begin ? fmt::format("{}", *slice.begin) : "";
    if (!slice.single) text += ':';
    if (slice.end) text += fmt::format("{}", *slice.end);
    if (slice.step != 1) text += fmt::format(":{}", slice.step);
    texts.push_back(std::move(text));
  }
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::optional<std::size_t> size_after(const Slice& slice, std::size_t size) {
  const auto n = static_cast<long>(size);
  const auto counted = [n](long i) { return i < 0 ? i + n : i; };
  if (slice.single) {
    const long at = counted(*slice.begin);
    return at >= 0 && at < n ? std::optional<std::size_t>(1) : std::nullopt;
  }
  // Forwards from begin up to end, or backwards from begin down to end, each held inside the axis.
  if (slice.step > 0) {
    const long begin = std::clamp(counted(slice.begin.value_or(0)), 0L, n);
    const long end = std::clamp(slice.end ? counted(*slice.end) : n, 0L, n);
    return end > begin ? static_cast<std::size_t>((end - begin - 1) / slice.step + 1) : 0;
  }
  const long begin = std::clamp(slice.begin ? counted(*slice.begin) : n - 1, -1L, n - 1);
  const long end = std::clamp(slice.end ? counted(*slice.end) : -1L, -1L, n - 1);
  // The step may be the smallest long, which has no negative.
  return begin > end ? static_cast<std::size_t>((end - begin + 1) / slice.step + 1) : 0;
}

}  // namespace widenet
