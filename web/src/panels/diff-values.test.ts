import { describe, expect, test } from 'vitest';

import { speak } from '../languages/spoken.svelte';
import { german } from '../languages/german';
import { valueInWords } from './diff-values';

const titleOf = (node: string): string => `node ${node}`;
const key = (name: string, value: unknown): string => valueInWords({ name, input: false }, value, titleOf);
const input = (name: string, value: unknown): string => valueInWords({ name, input: true }, value, titleOf);

describe('a value in the list of what differs', () => {
  test('is said as the inspector says it', () => {
    expect([key('mode', 'mute'), key('mode', undefined)]).toEqual(['Mute', 'Run']);
    expect([key('loop', undefined), key('loop', { mode: 'each' })]).toEqual(['Once', 'Each']);
    expect(key('loop', { mode: 'repeat', times: 3 })).toBe('× 3');
    expect(key('loop', { mode: 'while', condition: 'on', most: 9 })).toBe('While, At most 9');
  });

  test('is plain where the page has no words of its own for it', () => {
    expect([input('mode', 'mute'), input('tiled', true), input('steps', 20)]).toEqual(['mute', 'on', '20']);
    expect(input('model', { link: ['7', 'result'] })).toBe('← node 7');
  });

  test('follows the language', () => {
    speak('de', german);
    expect([key('mode', 'mute'), input('tiled', false)]).toEqual(['Stumm', 'aus']);
    speak('en');
  });
});
