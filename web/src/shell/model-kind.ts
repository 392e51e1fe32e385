// What kind of model a dropped file is, by the names of its tensors, to say which folder it belongs in. Only the
// header is read, and only of safetensors: it is plain JSON. Pure but for reading.
const MODEL = /\.(safetensors|sft|gguf|ckpt|pt|pth|bin)$/i;
const MOST_HEADER = 16 * 2 ** 20;

export const isModelFile = (name: string): boolean => MODEL.test(name);

/** The first whose signs all occur decides: from the most telling to the least. */
const KINDS: readonly (readonly [folder: string, ...signs: RegExp[]])[] = [
  ['loras', /lora_(up|down|A|B)|hada_w1|lokr_w1/],
  ['controlnet', /^control_model\.|controlnet_|zero_convs|input_hint_block/],
  ['ipadapter', /^ip_adapter\.|image_proj\./],
  ['embeddings', /^emb_params$|^clip_[lg]$|string_to_param/],
  ['checkpoints', /^model\.diffusion_model\./, /^(first_stage_model|vae)\./],
  ['diffusion_models', /diffusion_model\.|double_blocks\.|joint_blocks\.|transformer_blocks\./],
  ['vae', /decoder\.(conv_in|up\.|up_blocks\.)/],
  ['clip_vision', /vision_model\./],
  ['text_encoders', /text_model\.|relative_attention_bias|token_embedding/],
  ['upscale_models', /conv_first\.|upconv|RDB|conv_up/],
];

/** The folder for a model with these tensors; '' when it is no kind that is known. */
export function folderFor(tensors: readonly string[]): string {
  return KINDS.find(([, ...signs]) => signs.every((sign) => tensors.some((name) => sign.test(name))))?.[0] ?? '';
}

/** The names of the tensors in a safetensors file; none when it is none. */
export async function tensorsOf(file: Blob): Promise<string[]> {
  const head = new DataView(await file.slice(0, 8).arrayBuffer());
  if (head.byteLength < 8) return [];
  const length = Number(head.getBigUint64(0, true));
  if (length <= 0 || length > MOST_HEADER) return [];
  try {
    const header: unknown = JSON.parse(await file.slice(8, 8 + length).text());
    return typeof header === 'object' && header !== null ? Object.keys(header) : [];
  } catch {
    return [];
  }
}
