// How far the running job is, in words: the time left where it is known, else how much of it has gone by.
import type { Left } from '../api/progress';
import { duration } from '../durations';
import { strings } from '../strings';

export function leftWords({ fraction, left }: { fraction: number; left: Left | null }): string {
  const words = strings.run;
  if (!left || left.seconds < 1) return words.percent(fraction);
  const time = duration(Math.round(left.seconds));
  return left.atLeast ? words.leftAtLeast(time) : words.left(time);
}
