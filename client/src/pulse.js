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
export function createPulse(livenessMs, host) {
  const every = livenessMs / 10 || BEAT_MS;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let interval;
  let beatAt = 0;
  let seen = 0;
  let left = 0;
  let pinged = false;
  let probing = false;

  /**
   * Beats for as long as something is awaited.
   *
   * @param {boolean} [probe] also without that, until the first sign of life
   */
  function start(probe = false) {
    probing ||= probe;

    if (!interval) {
      alive();
      probing = probe;
      beatAt = seen;
      interval = setInterval(beat, every);
    }
  }

  function stop() {
    clearInterval(interval);
    interval = undefined;
    probing = false;
  }

  /** Something came, whatever it is. */
  function alive() {
    seen = performance.now();
    pinged = probing = false;
  }

  function beat() {
    const now = performance.now();
    const late = now - beatAt > every * 2.5;
    const unsent = host.unsent();
    const awaited = host.awaited(now);

    beatAt = now;

    if (!awaited && !probing) {
      stop();
      return;
    }

    /* a large message that is still on its way out shows life, too */
    if (late || unsent < left) {
      seen = now;
      pinged = false;
    }

    left = unsent;

    if (!livenessMs) {
      return;
    }

    /* what takes less than half of livenessMs is no reason to wait longer */
    const quiet = now - Math.max(seen, awaited - livenessMs / 2);

    if (!pinged) {
      if (quiet >= livenessMs * 0.25) {
        pinged = true;
        host.ping();
      }

    } else if (quiet >= livenessMs * 0.75) {
      host.silent();
    }
  }

  return { start, stop, alive };
}
