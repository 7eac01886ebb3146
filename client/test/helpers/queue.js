/**
 * What has happened, in order, for tests that wait for the next of it.
 */
export function createQueue() {
  const items = [];
  const waiting = [];

  return {
    push(item) {
      const waiter = waiting.shift();
      if (waiter) {
        waiter(item);
      } else {
        items.push(item);
      }
    },
    next() {
      return items.length ? Promise.resolve(items.shift())
        : new Promise((resolve) => { waiting.push(resolve); });
    },
    get size() {
      return items.length;
    },
  };
}
