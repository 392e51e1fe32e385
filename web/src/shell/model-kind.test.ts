import { expect, test } from 'vitest';

import { folderFor, isModelFile, tensorsOf } from './model-kind';

const file = (header: string): Blob => {
  const bytes = new TextEncoder().encode(header);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(bytes.length), true);
  return new Blob([length.buffer, bytes, new Uint8Array(4)]);
};

test.each([
  [['lora_unet_down.lora_up.weight'], 'loras'],
  [['model.diffusion_model.a', 'first_stage_model.b', 'cond_stage_model.c'], 'checkpoints'],
  [['model.diffusion_model.a'], 'diffusion_models'],
  [['double_blocks.0.img_attn.weight'], 'diffusion_models'],
  [['control_model.zero_convs.0.0.weight'], 'controlnet'],
  [['encoder.conv_in.weight', 'decoder.conv_in.weight'], 'vae'],
  [['text_model.encoder.layers.0'], 'text_encoders'],
  [['emb_params'], 'embeddings'],
  [['something'], ''],
])('a file with %j belongs in models/%s', (names, folder) => expect(folderFor(names)).toBe(folder));

test('the names are read from the header alone', async () => {
  expect(await tensorsOf(file('{"a.lora_up.weight": {}, "__metadata__": {}}'))).toEqual(['a.lora_up.weight', '__metadata__']);
});

test.each(['', '{', '"x"', 'null'])('a header that is %j names nothing', async (header) => expect(await tensorsOf(file(header))).toEqual([]));

test('a short or lying file names nothing', async () => {
  expect(await tensorsOf(new Blob(['abc']))).toEqual([]);
  expect(await tensorsOf(new Blob([new Uint8Array(8).fill(255)]))).toEqual([]);
});

test('models are known by their ends', () => {
  expect(['a.safetensors', 'b.GGUF', 'c.ckpt'].every(isModelFile)).toBe(true);
  expect(isModelFile('a.png')).toBe(false);
});
