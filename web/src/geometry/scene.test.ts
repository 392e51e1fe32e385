import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { graphOf, type Place } from '../document/edit/place';
import { invert, isItem, ROOT, type Command } from '../document/change';
import { withSubgraphs } from '../document/subgraph-schemas';
import { commandOf, steps } from '../document/testing/random';
import { placeOf, the, TOYS, workflowOf } from '../document/testing/toys';
import { emptyWorkflow } from '../document/types';
import { boundsOf } from './curve';
import { heldBy, linkAt, socketAt } from './hit';
import { overlaps, type Rect } from './rect';
import { Scene } from './scene';
import { nextNode } from './walk';

function sceneOf(place: Place): Scene {
  const scene = new Scene();
  showAnew(scene, place);
  return scene;
}

function showAnew(scene: Scene, place: Place): void {
  scene.reset(graphOf(place), withSubgraphs(TOYS, place.document, place.graph));
}

/** As an editor does: what happens in another graph than the one shown may change what its instances look like. */
function follow(scene: Scene, place: Place, { changes }: Command): void {
  const here = changes.filter((change) => isItem(change) && change.graph === ROOT);
  if (here.length === changes.length) scene.update(here);
  else showAnew(scene, place);
}

const described = (scene: Scene): unknown => ({
  nodes: [...scene.nodes.boxes()].sort(([a], [b]) => (a < b ? -1 : 1)),
  links: [...scene.links()].map((link) => JSON.stringify(link, Object.keys(link).sort())).sort(),
});

const areas: fc.Arbitrary<Rect> = fc.record({
  x: fc.integer({ min: -2_000, max: 2_000 }),
  y: fc.integer({ min: -2_000, max: 2_000 }),
  width: fc.integer({ min: 0, max: 3_000 }),
  height: fc.integer({ min: 0, max: 3_000 }),
});

const chain = (): Place =>
  placeOf(
    workflowOf({
      make: { position: [0, 0] },
      blend: { type: 'blend', position: [400, 100], inputs: { base: { link: ['make', 'result'] } } },
      save: { type: 'save', position: [800, 0], inputs: { image: { link: ['blend', 'result'] } } },
    }),
  );

describe('the scene', { timeout: 60_000 }, () => {
  it('kept in step with any commands and undos is the scene built anew', () => {
    fc.assert(
      fc.property(steps, areas, (taken, area) => {
        const place = placeOf(emptyWorkflow('d'));
        const scene = sceneOf(place);
        taken.forEach((step, index) => {
          const command = commandOf(place, step);
          if (!command) return;
          place.document.apply(command);
          follow(scene, place, command);
          if (index % 3 !== 0) return;
          const back = invert(command);
          place.document.apply(back);
          follow(scene, place, back);
        });
        expect(described(scene)).toEqual(described(sceneOf(place)));
        const touching = [...scene.links()].filter((link) => overlaps(boundsOf(link), area));
        expect(new Set(scene.linksIn(area))).toEqual(new Set(touching));
      }),
      { numRuns: 60 },
    );
  });

  it('moves links with the nodes they hang on', () => {
    const scene = sceneOf(chain());
    const before = the(scene.link({ node: 'blend', input: 'base' }));
    scene.shift('nodes', 'blend', [500, 300]);
    const after = the(scene.link({ node: 'blend', input: 'base' }));
    expect([after.x2 - before.x2, after.y2 - before.y2]).toEqual([100, 200]);
    expect([after.x1, after.y1]).toEqual([before.x1, before.y1]);
    expect(scene.link({ node: 'save', input: 'image' })?.y1).toBe(scene.outputPoint({ node: 'blend', output: 'result' })?.[1]);
  });

  it('gives a link the type that really flows through it', () => {
    const place = placeOf(
      workflowOf({ make: {}, pass: { type: 'pass', inputs: { value: { link: ['make', 'result'] } } }, save: { type: 'save', inputs: { image: { link: ['pass', 'result'] } } } }),
    );
    expect(sceneOf(place).link({ node: 'save', input: 'image' })?.type).toBe('Image');
  });

  it('finds a link near a point, a socket near another, and nothing in the open', () => {
    const scene = sceneOf(chain());
    const { x1, y1, x2, y2 } = the(scene.link({ node: 'blend', input: 'base' }));
    expect(linkAt(scene, [(x1 + x2) / 2, (y1 + y2) / 2], 6)?.to).toEqual({ node: 'blend', input: 'base' });
    expect(linkAt(scene, [x1, y1 - 400], 6)).toBeNull();
    expect(socketAt(scene, [x2 - 8, y2 + 4], 20, () => true)).toEqual({ side: 'in', node: 'blend', input: 'base' });
    expect(socketAt(scene, [x2 - 8, y2 + 4], 20, (end) => end.side === 'out')).toBeNull();
  });

  it('says that a frame holds what lies wholly within it', () => {
    const workflow = { ...workflowOf({ a: { position: [20, 40] }, b: { position: [390, 40] } }), frames: { f: { title: '', position: [0, 0] as [number, number], size: [400, 300] as [number, number] } } };
    expect(heldBy(sceneOf(placeOf(workflow)), 'f')).toEqual({ nodes: ['a'], frames: [], notes: [] });
  });

  it('draws a node of unknown type with the inputs it holds and the outputs others read', () => {
    const place = placeOf(
      workflowOf({ lost: { type: 'gone', inputs: { factor: 2 } }, save: { type: 'save', inputs: { image: { link: ['lost', 'picture'] } } } }),
    );
    const layout = the(sceneOf(place).layout('lost'));
    expect([...layout.inputs.keys(), ...layout.outputs.keys()]).toEqual(['factor', 'picture']);
  });
});

describe('an arrow key', () => {
  it('goes along links, and where there are none to what lies that way', () => {
    const place = chain();
    const [graph, scene] = [graphOf(place), sceneOf(place)];
    expect(nextNode(graph, scene, 'make', 'right')).toBe('blend');
    expect(nextNode(graph, scene, 'blend', 'left')).toBe('make');
    expect(nextNode(graph, scene, 'save', 'right')).toBeNull();
    expect(nextNode(graph, scene, 'make', 'left')).toBeNull();
    expect(nextNode(graph, scene, 'blend', 'up')).toBeNull();
  });
});
