import fc from 'fast-check';
import { expect, it } from 'vitest';

import { Scene } from '../geometry/scene';
import { graphOf, type Place } from './edit/place';
import { connect } from './edit/links';
import { setValue } from './edit/values';
import { slotsOf } from './inputs';
import { isMereValue } from './mere';
import { withSubgraphs } from './subgraph-schemas';
import { commandOf, steps } from './testing/random';
import { placeOf, the, TOYS, workflowOf } from './testing/toys';
import { inputType } from './typing';
import { emptyWorkflow } from './types';

/** What is made of the graph as a whole: places, curves, types and inputs. */
function madeOf(place: Place): string {
  const catalogue = withSubgraphs(TOYS, place.document, place.graph);
  const [scene, graph] = [new Scene(), graphOf(place)];
  scene.reset(graph, catalogue);
  const types = [...graph.nodes].map(([id, node]) => {
    const schema = catalogue.nodes[node.type];
    return [id, schema && slotsOf(schema, node).map((slot) => [slot.name, inputType(graph, catalogue, node, slot)])];
  });
  return JSON.stringify([[...scene.nodes.boxes()], [...scene.links()], types]);
}

it('changes nothing that is made of the graph as a whole', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const place = placeOf(emptyWorkflow('d'));
      for (const step of taken) {
        const command = commandOf(place, step);
        if (!command) continue;
        const mere = command.changes.every((change) => isMereValue(change, TOYS));
        const before = mere && madeOf(place);
        place.document.apply(command);
        if (mere) expect(madeOf(place)).toBe(before);
      }
    }),
  );
});

it('is a letter typed, a number set and its way back; not a link, nor a choice that brings inputs', () => {
  const place = placeOf(workflowOf({ a: { type: 'write' }, b: { type: 'blend' }, c: { type: 'make' }, d: { type: 'save' } }));
  const isMere = (command: ReturnType<typeof setValue>): boolean => the(command).changes.every((change) => isMereValue(change, TOYS));
  expect(isMere(setValue(place, 'a', 'text', 'a red house'))).toBe(true);
  expect(isMere(setValue(place, 'b', 'amount', 4))).toBe(true);
  expect(isMere(setValue(place, 'd', 'format', 'JPEG'))).toBe(false);
  expect(isMere(connect(place, { node: 'c', output: 'result' }, { node: 'b', input: 'base' }))).toBe(false);
});
