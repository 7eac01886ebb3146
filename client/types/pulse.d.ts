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
export function createPulse(livenessMs: number, host: {
    awaited: (now: number) => number;
    unsent: () => number;
    ping: () => void;
    silent: () => void;
}): {
    start: (probe?: boolean) => void;
    stop: () => void;
    alive: () => void;
};
