// The sweep of a document: which inputs take which values, as its file has it. Pure; unknown keys are kept.
import type { NodeSchema } from './catalogue';
import { isLink, type Json, type NodeData } from './types';

export type SweepValue = boolean | number | string;

export interface SweepAxis {
  node: string;
  input: string;
  /** The subgraph the node is in; absent at the top. */
  graph?: string;
  values: readonly SweepValue[];
  /** Of a text: the words that the values take the place of; absent: all of it. */
  find?: string;
  [key: string]: unknown;
}

export interface Sweep {
  axes: readonly SweepAxis[];
  /** The node whose picture fills the sheet; absent: the first that varies. */
  picture?: string;
  [key: string]: unknown;
}

/** Which input an axis sweeps. */
export type SweepPlace = Pick<SweepAxis, 'graph' | 'node' | 'input'>;

export const MOST_AXES = 3;
/** As in server/graph/sweep.py. */
export const MOST_CELLS = 1_000;

/** The sweep of a document; an empty one where it has none that can be read. */
export function readSweep(json: Json | undefined): Sweep {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { axes: [] };
  const axes: readonly unknown[] = Array.isArray(json['axes']) ? json['axes'] : [];
  return { ...json, axes: axes.filter(isAxis) };
}

function isAxis(axis: unknown): axis is SweepAxis {
  if (typeof axis !== 'object' || axis === null) return false;
  const { node, input, values } = axis as Partial<SweepAxis>;
  return typeof node === 'string' && typeof input === 'string' && Array.isArray(values);
}

const samePlace = (one: SweepPlace, other: SweepPlace): boolean =>
  one.node === other.node && one.input === other.input && (one.graph ?? '') === (other.graph ?? '');

export const sweeps = (sweep: Sweep, place: SweepPlace): boolean => sweep.axes.some((axis) => samePlace(axis, place));

export const withAxis = (sweep: Sweep, axis: SweepAxis): Sweep => ({ ...sweep, axes: [...sweep.axes, axis] });

/** The sweep without an axis; null where nothing is left of it. */
export function withoutAxis(sweep: Sweep, at: number): Sweep | null {
  const axes = sweep.axes.filter((_, index) => index !== at);
  return axes.length ? { ...sweep, axes } : null;
}

export const changeAxis = (sweep: Sweep, at: number, change: Partial<SweepAxis>): Sweep => ({
  ...sweep,
  axes: sweep.axes.map((axis, index) => (index === at ? { ...axis, ...change } : axis)),
});

/** An axis takes the place of the one before it. */
export function moveUp(sweep: Sweep, at: number): Sweep {
  const axes = [...sweep.axes];
  const [moved] = axes.splice(at, 1);
  if (moved) axes.splice(Math.max(0, at - 1), 0, moved);
  return { ...sweep, axes };
}

/** The sheet shows the picture of this node; of none in particular where it is empty. */
export function withPicture({ picture: _, ...rest }: Sweep, node: string): Sweep {
  return node ? { ...rest, picture: node } : rest;
}

/** Whether a node has a picture for the sheet: one that it is given to show or save, or one that it makes. */
export function hasPicture(node: NodeData, schema: NodeSchema | undefined): boolean {
  if (!schema || (node.mode ?? 'run') !== 'run') return false;
  const shown = schema.inputs.some(({ name, type }) => type === 'Image' && isLink(node.inputs[name]));
  return (schema.is_output && shown) || schema.outputs.some(({ type, is_list }) => type === 'Image' && !is_list);
}

export const countOf = ({ axes }: Sweep): number => (axes.length ? axes.reduce((count, { values }) => count * values.length, 1) : 0);
