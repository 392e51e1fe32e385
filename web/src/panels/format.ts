// Times and sizes in words.
import { strings } from '../strings';

const words = strings.time;

/** How long ago, for lists; `then` and `now` in milliseconds. */
export function ago(then: number, now: number): string {
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return words.now;
  if (minutes < 60) return words.minutesAgo(minutes);
  if (minutes < 24 * 60) return words.hoursAgo(Math.floor(minutes / 60));
  return new Date(then).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}

export function clock(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

export const GIGABYTE = 2 ** 30;

/** Binary units under the names people use for them, as the command line shows and takes them. */
export function bytes(size: number): string {
  if (size < 2 ** 20) return `${Math.round(size / 2 ** 10)} kB`;
  if (size < GIGABYTE) return `${Math.round(size / 2 ** 20)} MB`;
  const gigabytes = size / GIGABYTE;
  return `${Number(gigabytes.toFixed(gigabytes < 10 ? 1 : 0))} GB`;
}
