import { expect, test } from 'vitest';

import { ApiError, readAnswer, retryAfterOf } from './http';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const told = (status: number, after?: string): number | null => retryAfterOf(new Response('', { status, headers: after === undefined ? {} : { 'Retry-After': after } }), NOW);

test('a busy server says when it may be asked again, in seconds or as a date', () => {
  expect(told(429, '7')).toBe(7_000);
  expect(told(503, 'Thu, 01 Jan 2026 00:00:12 GMT')).toBe(12_000);
});

test('never at once, and never so late that nobody waits', () => {
  expect([told(429, '0'), told(503, '86400'), told(429, 'Wed, 31 Dec 2025 23:00:00 GMT')]).toEqual([1_000, 60_000, 1_000]);
});

test('one that does not say, or is not busy, is not asked again by itself', () => {
  expect([told(429), told(503, 'soon'), told(500, '7'), told(202, '7')]).toEqual([null, null, null, null]);
});

test('its own words are kept, and a proxy’s page is put into words', async () => {
  const headers = { 'Retry-After': '10' };
  const full = Response.json({ error: { what: '3 jobs are waiting already.', fix: 'Cancel some.' } }, { status: 429, headers });
  await expect(readAnswer(full)).rejects.toMatchObject({ what: '3 jobs are waiting already.', retryAfter: 10_000 });
  const proxy = readAnswer(new Response('<html>', { status: 503, headers }));
  await expect(proxy).rejects.toBeInstanceOf(ApiError);
  await expect(readAnswer(new Response('<html>', { status: 503, headers }))).rejects.toMatchObject({ what: 'The server is busy.', retryAfter: 10_000 });
});
