import { describe, expect, it } from 'vitest';

import { hasTerm, replaced, termOf, termsOf, toggled, wordAt } from './terms';

describe('the words of the search field', () => {
  it('keeps phrases and fields together', () => {
    expect(termsOf('red "at night" model:"sd xl" -snow')).toEqual(['red', '"at night"', 'model:"sd xl"', '-snow']);
  });

  it('switches a filter on and off and leaves the other words', () => {
    expect(toggled('red house', 'is:starred')).toBe('red house is:starred');
    expect(toggled('red is:starred house', 'is:starred')).toBe('red house');
    expect(hasTerm('red is:starred', 'is:starred')).toBe(true);
  });

  it('has one kind at a time', () => {
    expect(toggled('kind:image red', 'kind:video')).toBe('red kind:video');
    expect(toggled('is:trash', 'is:starred')).toBe('is:trash is:starred');
  });

  it('knows the word the caret stands in', () => {
    expect(wordAt('red model:sd night', 12)).toEqual({ from: 4, to: 12, field: 'model', value: 'sd' });
    expect(wordAt('red ', 4)).toEqual({ from: 4, to: 4, field: '', value: '' });
    expect(wordAt('model:"sd x', 11)).toMatchObject({ field: 'model', value: 'sd x' });
  });

  it('puts what was chosen in its place, and the caret behind it', () => {
    expect(replaced('red mod night', wordAt('red mod night', 7), 'model:')).toEqual({ text: 'red model: night', caret: 10 });
    expect(replaced('red model:s', wordAt('red model:s', 11), 'model:sdxl')).toEqual({ text: 'red model:sdxl ', caret: 15 });
  });

  it('quotes what has spaces', () => {
    expect(termOf('model', 'a/b.safetensors')).toBe('model:a/b.safetensors');
    expect(termOf('title', 'A house')).toBe('title:"A house"');
  });
});
