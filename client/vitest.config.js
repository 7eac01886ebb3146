import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

const older = (name) =>
  fileURLToPath(new URL(`test/react-18/node_modules/${name}`, import.meta.url));

const common = {
  environment: 'jsdom',
  testTimeout: 20000,
  fileParallelism: false,
};

/* the hooks in both versions of React; the AI SDK in the newer one */
export default defineConfig({
  test: {
    projects: [
      {
        resolve: {
          alias: [
            { find: /^react$/, replacement: older('react/index.js') },
            { find: /^react-dom$/, replacement: older('react-dom/index.js') },
            { find: /^react-dom\/client$/, replacement: older('react-dom/client.js') },
          ],
        },
        test: {
          ...common,
          name: 'react 18',
          include: ['test/react/{hooks,tabs}.test.js'],
          env: { REACT: '18' },
        },
      },
      {
        test: {
          ...common,
          name: 'react 19',
          include: ['test/react/*.test.js'],
          env: { REACT: '19' },
        },
      },
    ],
  },
});
