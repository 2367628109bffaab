export interface Turn {
  /** Called when it is one's turn. */
  begin(): void;
}

/** Lets so many at once go on, the others in the order of coming. */
export class Turns {
  readonly #atOnce: number;
  #underWay = 0;
  #waiting: Turn[] | undefined;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** True if it is one's turn; otherwise `begin` says when. `again` goes before all who have not begun. */
  take(turn: Turn, again = false): boolean {
    if (this.#underWay < this.#atOnce && (again || this.#waiting === undefined)) {
      this.#underWay++;
      return true;
    }
    this.#waiting ??= [];
    if (again) this.#waiting.unshift(turn);
    else this.#waiting.push(turn);
    return false;
  }

  /** One that waits does so no more. */
  leave(turn: Turn): void {
    const at = this.#waiting?.indexOf(turn) ?? -1;
    if (at >= 0) this.#waiting?.splice(at, 1);
    if (this.#waiting?.length === 0) this.#waiting = undefined;
  }

  /** One that was under way no longer is. */
  done(): void {
    const next = this.#waiting?.shift();
    if (this.#waiting?.length === 0) this.#waiting = undefined;
    if (next === undefined) this.#underWay--;
    else next.begin();
  }
}
