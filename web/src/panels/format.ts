// Times and sizes in words.
import { locale, number } from '../languages/spoken.svelte';
import { strings } from '../strings';

const words = strings.time;

/** How long ago, for lists; `then` and `now` in milliseconds. */
export function ago(then: number, now: number): string {
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return words.now;
  if (minutes < 60) return words.minutesAgo(minutes);
  if (minutes < 24 * 60) return words.hoursAgo(Math.floor(minutes / 60));
  return new Date(then).toLocaleDateString(locale(), { day: 'numeric', month: 'short', year: 'numeric' });
}

export function clock(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit' });
}

export const GIGABYTE = 2 ** 30;

/** Binary units under the names people use for them, as the command line shows and takes them. */
export function bytes(size: number): string {
  if (size < 2 ** 20) return `${number(size / 2 ** 10)} kB`;
  if (size < GIGABYTE) return `${number(size / 2 ** 20)} MB`;
  const gigabytes = size / GIGABYTE;
  const tenths = Math.round(gigabytes * 10) % 10;
  return `${number(gigabytes, gigabytes < 10 && tenths ? 1 : 0)} GB`;
}

/** A moment, to the minute. */
export function moment(milliseconds: number): string {
  return new Date(milliseconds).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short' });
}
