/** A compensated sum (Neumaier 1974): as if added in twice the precision. An infinity stays one. */
export class Sum {
  #sum = 0;
  #lost = 0;

  add(x: number): void {
    const next = this.#sum + x;
    if (Math.abs(this.#sum) >= Math.abs(x)) this.#lost += this.#sum - next + x;
    else this.#lost += x - next + this.#sum;
    this.#sum = next;
  }

  get value(): number {
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum;
  }
}

/** Σ values. */
export function total(values: ArrayLike<number>): number {
  const sum = new Sum();
  for (let i = 0; i < values.length; i++) sum.add(values[i]);
  return sum.value;
}
