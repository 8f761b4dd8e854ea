// Neumaier's and Kahan's remedy by Knuth's exact addition.

/** A sum that keeps what its additions round off, so that it does not drift with the number of its terms. */
export class Sum {
  private sum = 0;
  private lost = 0;

  add(term: number): void {
    const { sum } = this;
    const next = sum + term;
    const added = next - sum;
    this.lost += sum - (next - added) + (term - added);
    this.sum = next;
  }

  /** The sum of two numbers, the first the nearest to it; of finite ones. */
  get parts(): { readonly high: number; readonly low: number } {
    const high = this.sum + this.lost;
    return { high, low: this.lost - (high - this.sum) };
  }

  /** Of an infinite sum what is lost would be NaN. */
  get value(): number {
    return Number.isFinite(this.sum) ? this.sum + this.lost : this.sum;
  }
}
