/**
 * Sockets that are counted.
 */

import { WebSocket } from 'ws';

export function countingWebSocket() {
  const waiting = new Set();
  const count = {
    opened: 0,
    open: 0,
    most: 0,
    until: (fits) => (fits(count) ? Promise.resolve()
      : new Promise((resolve) => { waiting.add({ fits, resolve }); })),
    allClosed: () => count.until(({ open }) => open === 0),
  };
  const tell = () => {
    for (const waiter of [...waiting]) {
      if (waiter.fits(count)) {
        waiting.delete(waiter);
        waiter.resolve();
      }
    }
  };

  class Counting extends WebSocket {
    constructor(...args) {
      super(...args);
      count.opened++;
      count.most = Math.max(count.most, ++count.open);
      this.addEventListener('close', () => {
        count.open--;
        tell();
      });
      tell();
    }
  }

  return { count, WebSocket: Counting };
}
