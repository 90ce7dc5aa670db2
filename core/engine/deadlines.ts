/** A binary heap of deadlines, one for each of a fixed number of timers. Typed arrays: nothing is allocated. */

/** Timers 0 to `timers` − 1, each with one deadline (ms) or none. */
export class Deadlines {
  /** Timer numbers in heap order. */
  private readonly heap: Int32Array;
  /** Place of each timer in the heap, −1 if it has no deadline. */
  private readonly places: Int32Array;
  private readonly times: Float64Array;
  private size = 0;

  constructor(timers: number) {
    this.heap = new Int32Array(timers);
    this.places = new Int32Array(timers).fill(-1);
    this.times = new Float64Array(timers);
  }

  /** The timer that is due first, −1 if there is none. */
  first(): number {
    return this.size === 0 ? -1 : this.heap[0]!;
  }

  /** The deadline of a timer in ms, 0 if it has none. */
  at(timer: number): number {
    return this.places[timer]! < 0 ? 0 : this.times[timer]!;
  }

  /** Sets or moves a timer's deadline; 0 takes it away. */
  set(timer: number, deadline: number): void {
    const place = this.places[timer]!;
    if (deadline === 0) {
      if (place >= 0) this.remove(place);
      return;
    }
    const earlier = place < 0 || deadline < this.times[timer]!;
    this.times[timer] = deadline;
    if (place < 0) this.rise(this.size++, timer);
    else if (earlier) this.rise(place, timer);
    else this.sink(place, timer);
  }

  private remove(place: number): void {
    this.places[this.heap[place]!] = -1;
    const last = this.heap[--this.size]!;
    if (place === this.size) return;
    this.sink(place, last);
    if (this.places[last] === place) this.rise(place, last);
  }

  private rise(from: number, timer: number): void {
    const time = this.times[timer]!;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.heap[parent]!;
      if (this.times[above]! <= time) break;
      this.put(place, above);
      place = parent;
    }
    this.put(place, timer);
  }

  private sink(from: number, timer: number): void {
    const time = this.times[timer]!;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.times[this.heap[child + 1]!]! < this.times[this.heap[child]!]!)
        child++;
      const below = this.heap[child]!;
      if (time <= this.times[below]!) break;
      this.put(place, below);
      place = child;
    }
    this.put(place, timer);
  }

  private put(place: number, timer: number): void {
    this.heap[place] = timer;
    this.places[timer] = place;
  }
}
