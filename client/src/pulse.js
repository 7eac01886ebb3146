/**
 * Whether the server still lives, asked while something is awaited from it.
 *
 * The pulse beats ten times in livenessMs. After a quarter of it without a sign
 * of life it pings; after three quarters the server is silent, which leaves
 * the rest for the page to say so. A beat that comes late says that our own
 * timers were held back (a hidden tab, a busy page, a laptop asleep), not that
 * the server was silent: counting begins anew.
 *
 * @module
 */

/* how often to look after the runs where silence is no matter */
const BEAT_MS = 500;

export class Pulse {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #interval;
  #beatAt = 0;
  #seen = 0;
  #unsent = 0;
  #pinged = false;
  #probing = false;
  #livenessMs;
  #host;

  /**
   * @param {number} livenessMs 0: never find the server silent
   * @param {{
   *   awaited: (now: number) => number,
   *   unsent: () => number,
   *   ping: () => void,
   *   silent: () => void,
   * }} host awaited: when that was last heard of, or can be at the latest while
   *   something large is on its way, 0 for nothing; unsent: bytes not yet on
   *   the wire
   */
  constructor(livenessMs, host) {
    this.#livenessMs = livenessMs;
    this.#host = host;
  }

  /**
   * Beats for as long as something is awaited.
   *
   * @param {boolean} [probe] also without that, until the first sign of life
   */
  start(probe = false) {
    this.#probing ||= probe;

    if (!this.#interval) {
      this.alive();
      this.#probing = probe;
      this.#beatAt = this.#seen;
      this.#interval = setInterval(() => this.#beat(),
        this.#livenessMs / 10 || BEAT_MS);
    }
  }

  stop() {
    clearInterval(this.#interval);
    this.#interval = undefined;
    this.#probing = false;
  }

  /** Something came, whatever it is. */
  alive() {
    this.#seen = performance.now();
    this.#pinged = this.#probing = false;
  }

  #beat() {
    const now = performance.now();
    const late = now - this.#beatAt > (this.#livenessMs / 10 || BEAT_MS) * 2.5;
    const unsent = this.#host.unsent();
    const awaited = this.#host.awaited(now);

    this.#beatAt = now;

    if (!awaited && !this.#probing) {
      this.stop();
      return;
    }

    /* a large message that is still on its way out shows life, too */
    if (late || unsent < this.#unsent) {
      this.#seen = now;
      this.#pinged = false;
    }

    this.#unsent = unsent;

    if (!this.#livenessMs) {
      return;
    }

    /* what takes less than half of livenessMs is no reason to wait longer */
    const quiet = now - Math.max(this.#seen, awaited - this.#livenessMs / 2);

    if (!this.#pinged) {
      if (quiet >= this.#livenessMs * 0.25) {
        this.#pinged = true;
        this.#host.ping();
      }

    } else if (quiet >= this.#livenessMs * 0.75) {
      this.#host.silent();
    }
  }
}
