// What a gesture is: it begins with a press, follows the pointer and ends or is called off. One file each.
import type { Point } from '../../document/types';

/** Where the pointer is: in CSS pixels of the window, and in the canvas's own units. */
export interface Spot {
  client: Point;
  at: Point;
  /** Moved since the last call, in CSS pixels. */
  by: Point;
  shift: boolean;
  alt: boolean;
}

export interface Gesture {
  move(spot: Spot): void;
  end(spot: Spot): void;
  /** Escape, or another finger: leave everything as it was. */
  cancel(): void;
  cursor?: string;
}
