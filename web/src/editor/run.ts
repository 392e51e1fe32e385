// What the last or present run says of a node. Written by the job session alone; never part of the document.
import type { Failure, NodeChange, OutputInfo, Phrase } from '../api/messages.gen';

export interface NodeRun {
  state: NodeChange['state'] | 'idle';
  /** Why the node runs or is reused, in words, and which sentence that is. */
  reason: string;
  reasonPhrase: Phrase | null;
  value: number;
  total: number;
  /** How long it took; null while it runs or when it was reused. */
  seconds: number | null;
  /** Seconds it took when it last ran; null where it never did. */
  expected: number | null;
  /** Estimated seconds left. */
  remaining: number | null;
  /** An object URL of the latest preview; '' when there is none. */
  previewUrl: string;
  outputs: readonly OutputInfo[];
  /** What the node shows in words. */
  text: string;
  failure: Failure | null;
  /** Of a subgraph: the node in it that runs, by flat id, and how far that one is. */
  inner?: { node: string; value: number; total: number };
}

export const IDLE: NodeRun = {
  state: 'idle',
  reason: '',
  reasonPhrase: null,
  value: 0,
  total: 0,
  seconds: null,
  expected: null,
  remaining: null,
  previewUrl: '',
  outputs: [],
  text: '',
  failure: null,
};

export type { Failure, OutputInfo };
