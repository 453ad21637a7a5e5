// When a daemon that crashed is started again.

const MOST = 4;
const WITHIN_MS = 3 * 60 * 1000;

/** Four restarts; a fifth crash within three minutes of the first is the end. */
export class Crashes {
  private times: number[] = [];

  /** Counts a crash. `now` in milliseconds. */
  mayRestart(now: number): boolean {
    this.times = [...this.times.filter((time) => now - time <= WITHIN_MS), now];
    return this.times.length <= MOST;
  }

  forget(): void {
    this.times = [];
  }
}
