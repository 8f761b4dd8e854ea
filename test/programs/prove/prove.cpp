// The program behind `npm run prove`: what was found, as JSON on standard output. run.mjs holds it against the
// promises.
#include "prove.h"
#include "dispatch.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

namespace prove {
namespace {

// JSON has no infinity; this number becomes one where it is read.
std::string json(double x) { return std::isfinite(x) ? decimal(x, 17) : "1e999"; }

// Names and places hold nothing that needs escaping.
void print(const check &c) {
  std::printf("{\"function\": \"%s\", \"precision\": \"%s\", \"inputs\": %llu, \"share\": %s}", c.function.c_str(),
              c.precision, static_cast<unsigned long long>(c.inputs), json(c.share).c_str());
}
void print(const row &r) {
  std::printf("{\"function\": \"%s\", \"direction\": \"%s\", \"precision\": \"%s\", \"inputs\": %llu, \"ulp\": %s, "
              "\"at\": \"%s\", \"wrong\": %s, \"differ\": %llu, \"differAt\": \"%s\", "
              "\"depend\": %s, \"dependAt\": \"%s\"}",
              r.function.c_str(), r.direction, r.precision, static_cast<unsigned long long>(r.inputs),
              json(r.ulp).c_str(), r.at.c_str(), r.wrong ? std::to_string(*r.wrong).c_str() : "null",
              static_cast<unsigned long long>(r.differ), r.differ_at.c_str(),
              r.depend ? std::to_string(*r.depend).c_str() : "null", r.depend_at.c_str());
}
template <class T> void print_list(const char *name, const std::vector<T> &list) {
  std::printf("\"%s\": [", name);
  for (size_t i = 0; i < list.size(); i++) {
    std::printf(i == 0 ? "\n  " : ",\n  ");
    print(list[i]);
  }
  std::printf("]");
}

// "number of the row;a;b;0 or 1 for sampled;label", as run.mjs gives it.
subject read(const char *text) {
  unsigned row = 0, sampled = 0;
  double a = 0, b = 0;
  int end = 0;
  if (std::sscanf(text, "%u;%lf;%lf;%u;%n", &row, &a, &b, &sampled, &end) < 4 || row >= nonlin::activation_count) {
    std::fprintf(stderr, "not a subject: %s\n", text);
    std::exit(2);
  }
  return {text + end, nonlin::activation(row), {a, b}, sampled != 0};
}

} // namespace
} // namespace prove

int main(int argc, char **argv) {
  prove::options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--quick") options.quick = value == "true";
    if (name == "--threads") options.threads = unsigned(std::atoi(argv[i + 1]));
    if (name == "--float64") options.float64_inputs = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--slice") options.slices.push_back(nonlin::slice(std::atoi(argv[i + 1])));
    if (name == "--subject") options.subjects.push_back(prove::read(argv[i + 1]));
  }
  const auto sets = nonlin::supported_kernels();
  if (sets.empty()) {
    std::fprintf(stderr, "this CPU runs none of the instruction sets\n");
    return 2;
  }
  const auto append = [](std::vector<prove::row> &rows, const std::vector<prove::row> &more) {
    rows.insert(rows.end(), more.begin(), more.end());
  };
  std::vector<prove::check> checks = check_oracle(options);
  for (const prove::check &check : check_softmax(options))
    checks.push_back(check);
  std::vector<prove::check> passes = check_double_double(options);
  std::vector<prove::row> rows = prove_float32(options, passes);
  append(rows, prove_float64(options));
  append(rows, prove_halves(options));
  ask_for_company(options, rows);
  append(rows, prove_softmax(options));
  append(rows, prove_softmax_gradient(options));

  std::printf("{\"instructionSets\": [");
  for (const nonlin::kernels *set : sets)
    std::printf("%s\"%s\"", set == sets.front() ? "" : ", ", set->name);
  std::printf("],\n");
  prove::print_list("oracle", checks);
  std::printf(",\n");
  prove::print_list("passes", passes);
  std::printf(",\n");
  prove::print_list("rows", rows);
  std::printf("}\n");
}
