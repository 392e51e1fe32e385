// A busy server (429, 503) says when it may be asked again: it is, a few times, and who waits is told.
import { ApiError } from './http';

const TRIES = 5;

/** Asks until there is an answer. Raises the last ApiError where the server stays busy, and any other at once. */
export async function patiently<T>(ask: () => Promise<T>, told: (error: ApiError, wait: number) => void): Promise<T> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.retryAfter === null || left === 0) throw error;
      const wait = error.retryAfter;
      told(error, wait);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
