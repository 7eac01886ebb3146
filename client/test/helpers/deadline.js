/**
 * A file of tests that hangs is ended, and says what it waited for.
 */

import path from 'node:path';

/* seconds, of a file; 0: as long as it takes */
const DEADLINE = Number(process.env.THREAD_WS_FILE_DEADLINE ?? 900);

if (DEADLINE) {
  setTimeout(() => {
    process.stderr.write(`${path.basename(process.argv[1])}: not at its end after ${
      DEADLINE} s (THREAD_WS_FILE_DEADLINE), waits for ${
      process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, DEADLINE * 1000).unref();
}
