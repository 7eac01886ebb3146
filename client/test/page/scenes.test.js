/**
 * Scenes of stock clients in Chromium, and nginx alone: ../scenes/*.scenes. SCENES=all
 * plays them with every client, SCENES=NAME that one.
 */

import test from 'node:test';

import { CLIENTS, Scene, parse, setTheStage } from '../scenes/stage.js';

const SCENES = process.env.SCENES ?? '';

const wanted = ({ name, star }) => (SCENES
  ? SCENES === 'all' || SCENES.split(',').includes(name) : star);

const played = ['use-chat', 'agents'].flatMap((file) => parse(`${file}.scenes`))
  .flatMap(({ clients, ...scene }) => clients.map((client) => ({
    ...scene, client: client.replace('*', ''), star: client.endsWith('*'),
  })))
  .filter(wanted);

test('stock clients', async (t) => {
  const pages = new Set(played.map(({ client }) => CLIENTS[client].page));
  const stage = await setTheStage(t, [...pages]);

  for (const { name, client, steps } of played) {
    await t.test(`${client}: ${name}`, async () => {
      const scene = new Scene(stage, `${name}-${client}`, CLIENTS[client]);

      try {
        await scene.play(steps);
      } finally {
        await scene.end();
      }
    });
  }
});
