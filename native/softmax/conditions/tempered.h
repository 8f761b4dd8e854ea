// Softmax, its logarithm and their gradients under any conditions, in double lanes. What a row is made of differs; the
// sums, the shares and the gradients are those without conditions.
#pragma once

#include "softmax/conditions/logits.h"
#include "softmax/gradients/short_rows.h"
#include "softmax/logs/logs.h"

namespace {

// The logits of a row, from its own first entry in the mask on.
template <class E> struct row_logits {
  logits<E> of;
  const E *x;
  size_t first, along;

  vec<double> bias(size_t j, size_t n) const { return of.bias(first + j * along, along, n); }
  pair<double> at(size_t j, size_t n, vec<double> shift) const {
    return of(load_some<double>(x + j, n), bias(j, n), shift);
  }
};
inline vec<double> rounded(pair<double> a) { return a.high + a.low; }

// The largest of the rounded logits less what is `taken` off. NaN is none; the sum finds it.
template <class E>
[[gnu::noinline, gnu::flatten]] double largest_of_row(const row_logits<E> of, size_t length, vec<double> taken) {
  constexpr size_t lanes = vec<double>::lanes;
  const vec<double> lowest = -__builtin_inf();
  vec<double> m = lowest;
  size_t j = 0;
  for (; j + lanes <= length; j += lanes)
    m = max(m, rounded(of.at(j, lanes, taken)));
  if (j < length) m = max(m, select(first_lanes<double>(length - j), rounded(of.at(j, length - j, taken)), lowest));
  double largest = m.v[0];
  for (size_t i = 1; i < lanes; i++)
    largest = m.v[i] > largest ? m.v[i] : largest;
  return largest;
}
constexpr double no_shift = 0;
inline vec<double> finite_or_zero(vec<double> m) { return select(m > -__builtin_inf(), m, vec<double>(0.0)); }

// e[i] = f(e^logit) for n entries from j on.
template <class E, class Exp, class F>
[[gnu::noinline, gnu::flatten]] void compute_exponentials(const row_logits<E> of, const Exp exp_of, vec<double> shift,
                                                          size_t j, size_t n, double *e, F f) {
  constexpr size_t lanes = vec<double>::lanes;
  size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    store(e + i, f(exp_of(of.at(j + i, lanes, shift))));
  if (i < n) store(e + i, f(exp_of(of.at(j + i, n - i, shift))));
  store(e + n, vec<double>(usual_exp<double>::factor)); // As compute.
}

// What the shares of a row may be wrong by, as part_of_shares, from its own largest logit: that takes longer, and is
// less as a rule.
template <class E> [[gnu::noinline, gnu::flatten]] double part_of_row(const row_logits<E> of, size_t length) {
  const double largest = largest_size<double>(length, [=](size_t j, size_t n) {
    const vec<double> logit = rounded(of.at(j, n, no_shift));
    return select(logit > -__builtin_inf(), logit, vec<double>(0.0));
  });
  const double part = part_of_share + 4 * largest * of.of.unit * 0x1p-53;
  return part < guessed_exp::part_of_shares ? part : guessed_exp::part_of_shares;
}

// What softmax_row reads. Nothing that a masked entry's gradient holds counts.
template <class E> struct conditioned_row {
  row_logits<E> logits;
  tempered_exp exp_of;
  double temperature;

  template <class F> void compute(size_t j, size_t n, double *e, F f) const {
    compute_exponentials(logits, exp_of, exp_of.shift, j, n, e, f);
  }
  vec<double> gradient(const E *g, size_t j, size_t n) const {
    return select(is_masked(logits.bias(j, n)), vec<double>(0.0), load_some<double>(g + j, n));
  }
  vec<double> result(vec<double> dx, size_t j, size_t n) const {
    return select(is_masked(logits.bias(j, n)), vec<double>(0.0), dx / temperature);
  }

  static constexpr bool is_decided = ::is_decided<double, E>;
  double part; // Of a share, that it may be wrong by.
  bool leaves_open(const double *e, size_t n, share<double> share_of) const {
    return ::leaves_open(e, n, share_of, part);
  }
  nonlin::open_slice open_slice() const {
    return logits.of.open_slice(logits.x, 1, logits.first, logits.along, temperature, __builtin_nan(""));
  }
  void decide(E *y, size_t length) const { nonlin::correctly_rounded_shares(open_slice(), y, length); }
  // By what a batch takes, unless it leaves the row to be done alone: so its bits are the same in both.
  double part_for_gradient() const { return part > guessed_exp::part_of_shares ? part : guessed_exp::part_of_shares; }
  double least_part(size_t length) const {
    return part > guessed_exp::part_of_shares ? part : part_of_row(logits, length);
  }
  [[gnu::noinline, gnu::flatten]] bool has_near(const E *g, size_t length, double mean) const {
    return lies_near<double>(length, mean, part_for_gradient(),
                             [=, this](size_t j, size_t n) { return gradient(g, j, n); });
  }
  void decide_gradient(const E *g, double middle, E *y, size_t length) const {
    nonlin::close_gradient(open_slice(), g, middle, y, length);
  }
};
template <class E> row_logits<E> row_of(const logits<E> &of, const E *x, size_t i, size_t length, const conditions &c) {
  return {of, x + i * length, i * c.beside, c.along};
}
// Whether all entries of a row are masked.
template <class E> bool is_empty(const row_logits<E> &logits, size_t length) {
  constexpr size_t lanes = vec<double>::lanes;
  for (size_t j = 0, n; j < length; j += n) {
    n = length - j < lanes ? length - j : lanes;
    if (count_lanes<double>({~is_masked(logits.bias(j, n)).m & first_lanes<double>(n).m}) > 0) return false;
  }
  return true;
}
// Row i, or its gradient.
template <class E>
[[gnu::noinline]] void tempered_row(kept_row<double> &kept, const logits<E> &of, const E *g, const E *x, E *y, size_t i,
                                    size_t length, const conditions &c, slope_of what) {
  const row_logits<E> logits = row_of(of, x, i, length, c);
  if (g != nullptr) g += i * length;
  y += i * length;
  if (!is_empty(logits, length)) {
    tempered_exp exp_of{vec<double>(largest_of_row(logits, length, no_shift)), of.unit};
    if (exp_of.needs_rest()) exp_of.take_rest(finite_or_zero(largest_of_row(logits, length, exp_of.shift)));
    const conditioned_row<E> entries{logits, exp_of, c.temperature, exp_of.part_of_shares(of.adds())};
    const auto is_something = [](compensated<double> total) { return !(total.high == 0); };
    if (softmax_row<double>(entries, is_something, kept, g, logits.x, y, length, false, what)) return;
  }
  const vec<double> nothing = c.zero ? 0 : __builtin_nan("");
  fill_row<double>(y, length, false, [=](size_t, size_t) { return nothing; });
}

// The logarithm: the largest logit is taken off, rounded, and then the `top`, what is the largest of that. The logits
// that round to it count as it, so that nothing is left of it: beside a certain entry's logarithm that would matter.
inline mask<double> is_top(pair<double> z, vec<double> top) { return rounded(z) >= top; }
// The terms of the sums below the top and of those that are it; z less the top and the logarithm.
inline vec<double> below_top(const tempered_exp &exp_of, pair<double> z) {
  return select(is_top(z, exp_of.shift), vec<double>(0.0), exp_of(add(z, -exp_of.shift)));
}
inline vec<double> count_top(pair<double> z, vec<double> top) {
  return select(is_top(z, top), vec<double>(1.0), vec<double>(0.0));
}
inline vec<double> log_below(pair<double> z, vec<double> top, double unit, vec<double> log) {
  const pair<double> d = add(z, -top);
  const vec<double> high = d.high * unit;
  // Of what overflows the lower part may do so, too, with the other sign.
  const vec<double> low = select(abs(high) < vec<double>(__builtin_inf()), d.low * unit, vec<double>(0.0));
  return select(is_top(z, top), 0 - log, (high - log) + low);
}
// The logarithm of one of several slices; of one of nothing what is left in place of it.
template <class E> double log_of(double m, double below, double log, bool zero) {
  if (!(m > -__builtin_inf())) return zero && below == 0 ? __builtin_inf() : __builtin_nan("");
  return usable_log<E>(m, log).v[0];
}

template <class E>
[[gnu::noinline]] void tempered_log_row(const row_logits<E> &logits, E *y, size_t length, bool zero) {
  const double m = largest_of_row(logits, length, no_shift);
  const vec<double> largest = finite_or_zero(m), top = finite_or_zero(largest_of_row(logits, length, largest));
  const tempered_exp exp_of = exp_below(top, logits.of.unit);
  const auto z = [=](size_t j, size_t n) { return logits.at(j, n, largest); };
  const auto sum_of = [&](auto f) { return ::sum_of(length, nothing, [=](size_t j, size_t n) { return f(z(j, n)); }); };
  const double below = sum_of([=](pair<double> z) { return below_top(exp_of, z); });
  const double count = sum_of([=](pair<double> z) { return count_top(z, top); });
  const vec<double> rest = log1p_rest(below, 1 / usual_exp<double>::factor, count);
  const vec<double> log = log_of<E>(m, below, rest.v[0], zero);
  fill_row<double>(y, length, false, [&](size_t j, size_t n) { return log_below(z(j, n), top, exp_of.unit, log); });
}

// Of each row of terms, in the order of all sums.
[[gnu::noinline, gnu::flatten]] inline void sum_terms(const double *terms, size_t count, size_t length,
                                                      sum_list<double, batch_rows> &sums) {
  sum_rows<double, false>(count, length, sums, [=](size_t i) {
    return [row = terms + i * length](size_t j, size_t) { return load<double>(row + j); };
  });
}

// Short rows, a batch at a time as short_rows.h has them, with the same bits as a row alone. Those that one power of
// two does not serve, or that have nothing left, are left to whoever does a row alone.
template <class E> class tempered_batch {
  static_assert(short_row<double> <= 198000); // For tempered_exp::moderate_size: e^(320 - 307.8) of them.
  static constexpr size_t lanes = vec<double>::lanes, room = batch<double> + 2 * lanes;
  const row_logits<E> logits; // As of one row.
  const double temperature;
  const size_t count, length, elements;
  // Exponentials, and in their place what is made of them; shares; gradients.
  double *const e, *const s, *const by;
  sum_list<double, batch_rows> totals;
  bool is_all = true; // Whether all rows are usual.

  template <class F> void for_each_part(F f) const {
    size_t j = 0;
    for (; j + lanes <= elements; j += lanes)
      f(j, lanes);
    if (j < elements) f(j, elements - j);
  }
  mask<double> masked_at(size_t j, size_t n) const { return is_masked(logits.bias(j, n)); }
  void fill_shares(const shares<double, batch_rows> &share_of) {
    fill_rows(s, count, length, [&](size_t i) {
      return [this, share = share_of.of(i)](size_t j) { return share(load<double>(e + j)); };
    });
  }
  template <class F> void store_row(E *y, size_t i, F value) const {
    for (size_t j = i * length, end = j + length, n; j < end; j += n) {
      n = end - j < lanes ? end - j : lanes;
      store_some(y + j, value(j, n), n);
    }
  }
  template <class F> void store_usual(E *y, F value) const {
    if (is_all) return for_each_part([&](size_t j, size_t n) { store_some(y + j, value(j, n), n); });
    for (size_t i = 0; i < count; i++)
      if (is_usual(i)) store_row(y, i, value);
  }

public:
  tempered_batch(const row_logits<E> &logits, double temperature, double *memory, size_t count, size_t length)
      : logits(logits), temperature(temperature), count(count), length(length), elements(count * length), e(memory),
        s(e + room), by(s + room) {}

  bool is_usual(size_t i) const { return is_all || ::is_usual<double>(totals.high[i]); }

  row_logits<E> row(size_t i) const {
    row_logits<E> row = logits;
    row.x += i * length;
    row.first += i * length;
    return row;
  }
  nonlin::open_slice open_row(size_t i) const {
    const auto [of, x, first, along] = row(i);
    return of.open_slice(x, 1, first, along, temperature, __builtin_nan(""));
  }

  // By what is guessed, unless that did not serve most of the rows before; then each by what is its own.
  void compute(bool &apart) {
    const auto itself = [](vec<double> e) { return e; };
    if (!apart) {
      compute_exponentials(logits, guessed_exp{logits.of.unit}, vec<double>(0.0), 0, elements, e, itself);
      is_all = sum_stored<double>(e, count, length, totals);
      size_t usual = 0;
      for (size_t i = 0; !is_all && i < count; i++)
        usual += is_usual(i);
      if (is_all || 2 * usual >= count) return;
    }
    apart = false;
    for (size_t i = 0, first = 0; i < count; i++, first += length) {
      const row_logits<E> row = this->row(i);
      const double m = largest_of_row(row, length, no_shift);
      const tempered_exp exp_of{vec<double>(m), logits.of.unit};
      apart = apart || !guessed_exp::reaches(m * logits.of.unit);
      compute_exponentials(row, exp_of, exp_of.shift, 0, length, e + first, itself);
      if (exp_of.needs_rest()) // Then it is left to be done alone.
        for (size_t j = 0; j < length; j++)
          e[first + j] = 0;
    }
    is_all = sum_stored<double>(e, count, length, totals);
  }
  // The shares of rows that are usual, at y, which may be x.
  [[gnu::noinline, gnu::flatten]] void shares_to(E *y) {
    constexpr double part = guessed_exp::part_of_shares;
    const shares<double, batch_rows> share_of(totals, count);
    fill_shares(share_of);
    const auto value = [&](size_t j, size_t) { return load<double>(s + j); };
    if constexpr (is_decided<double, E>) {
      if (rows_leave_open(e, count, length, share_of, part)) {
        for (size_t i = 0, first = 0; i < count; i++, first += length) {
          if (!is_usual(i)) continue;
          if (leaves_open(e + first, length, share_of.of(i), part))
            nonlin::correctly_rounded_shares(open_row(i), y + first, length);
          else
            store_row(y, i, value);
        }
        return;
      }
    }
    store_usual(y, value);
  }
  // And their gradients, of softmax or its logarithm; y may be x or g.
  [[gnu::noinline, gnu::flatten]] void gradients_to(const E *g, E *y, slope_of what) {
    const bool log = what == slope_of::logs;
    const vec<double> none = 0.0;
    for_each_part(
        [&](size_t j, size_t n) { store(by + j, select(masked_at(j, n), none, load_some<double>(g + j, n))); });
    store(by + elements, none);
    fill_shares(shares<double, batch_rows>(totals, count));
    const double *const shares = s, *const grads = by;
    if (!log)
      for_each_part([&](size_t j, size_t) { store(e + j, load<double>(shares + j) * load<double>(grads + j)); });
    sum_list<double, batch_rows> sums;
    sum_terms(log ? grads : e, count, length, sums);
    const auto grad_at = [=](size_t j) { return load<double>(grads + j); };
    if (is_decided<double, E> && what == slope_of::shares_closely) {
      if constexpr (is_decided<double, E>)
        gradients_closely<double>(
            count, length, guessed_exp::part_of_shares, [&](size_t i) { return part_of_row(row(i), length); }, s, sums,
            e, [=](double, size_t j, size_t) { return grad_at(j); },
            [&](size_t i, double middle, E *dx) {
              nonlin::close_gradient(open_row(i), g + i * length, middle, dx, length);
            },
            temperature);
    } else {
      fill_rows(e, count, length, [&](size_t i) {
        const vec<double> sum = value_of(compensated<double>{sums.high[i], sums.low[i]});
        return [=](size_t j) {
          const vec<double> share = load<double>(shares + j), g = grad_at(j);
          return log ? fma(-share, sum, g) : share * (g - sum);
        };
      });
    }
    store_usual(y,
                [&](size_t j, size_t n) { return select(masked_at(j, n), none, load<double>(e + j) / temperature); });
  }
};

// What lies in another way of a mask is put side by side.
template <class E>
[[gnu::noinline]] void tempered_short_rows(kept_row<double> &kept, const logits<E> &of, const E *g, const E *x, E *y,
                                           size_t rows, size_t length, const conditions &c, slope_of what) {
  const size_t size = c.additive ? sizeof(E) : 1, most = rows_of_batch<double>(length);
  const bool as_they_are = c.mask == nullptr || (c.along == 1 && c.beside == length);
  alignas(E) char together[batch<double> * sizeof(E)];
  bool apart = false;
  for (size_t first = 0, count; first < rows; first += count) {
    count = rows - first < most ? rows - first : most;
    const size_t start = first * length;
    const char *const marks = static_cast<const char *>(c.mask);
    conditions here = c;
    if (as_they_are && marks != nullptr) here.mask = marks + start * size;
    if (!as_they_are) {
      here.mask = together;
      // Those of all rows are put there once.
      if (first == 0 || c.beside != 0)
        for (size_t i = 0; i < count; i++)
          for (size_t j = 0; j < length; j++)
            __builtin_memcpy(together + (i * length + j) * size, marks + ((first + i) * c.beside + j * c.along) * size,
                             size);
    }
    const row_logits<E> all{logits<E>(here), x + start, 0, 1};
    tempered_batch<E> some(all, c.temperature, kept.e, count, length);
    some.compute(apart);
    if (g == nullptr)
      some.shares_to(y + start);
    else
      some.gradients_to(g + start, y + start, what);
    for (size_t i = 0; i < count; i++)
      if (!some.is_usual(i)) tempered_row(kept, of, g, x, y, first + i, length, c, what);
  }
}

template <class E, slope_of what>
void tempered_rows(const void *grad, const void *input, void *output, size_t rows, size_t length, const conditions &c) {
  const E *g = static_cast<const E *>(grad), *x = static_cast<const E *>(input);
  E *y = static_cast<E *>(output);
  constexpr bool is_log = what == slope_of::logs;
  const logits<E> of(c);
  auto &kept = kept_here<kept_row<double>>();
#if !defined(__wasm__) // Whose size counts.
  if (rows > 1 && length <= short_row<double> && !(is_log && g == nullptr))
    return tempered_short_rows(kept, of, g, x, y, rows, length, c, what);
#endif
  for (size_t i = 0; i < rows; i++) {
    if (is_log && g == nullptr)
      tempered_log_row(row_of(of, x, i, length, c), y + i * length, length, c.zero);
    else
      tempered_row(kept, of, g, x, y, i, length, c, what);
  }
}

} // namespace
