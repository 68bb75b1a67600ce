import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import type { FalClient } from '@fal-ai/client';

type Avatar = { id: string; status: 'training' | 'ready' | 'failed'; requestId: string; loraUrl?: string };
type Body = { imagesUrl: string; prompt: string; request_id: string; status: string; payload: Payload };
type Payload = { diffusers_lora_file: { url: string } };

/** The server that one writes in an afternoon with fal's SDK: submit with a webhook, store the result, generate from it. */
export function createNaiveServer(fal: FalClient, publicUrl: string): Server {
  const avatars = new Map<string, Avatar>();

  async function train(imagesUrl: string): Promise<Avatar> {
    const { request_id: requestId } = await fal.queue.submit('fal-ai/flux-lora-portrait-trainer', {
      input: { images_data_url: imagesUrl, trigger_phrase: 'ohwx' },
      webhookUrl: `${publicUrl}/webhook`,
    });
    const avatar: Avatar = { id: randomUUID(), status: 'training', requestId };
    avatars.set(avatar.id, avatar);
    return avatar;
  }

  function takeWebhook({ request_id: requestId, status, payload }: Body): Avatar | undefined {
    const avatar = [...avatars.values()].find((one) => one.requestId === requestId);
    if (avatar === undefined) return undefined;
    if (status === 'OK') {
      avatar.loraUrl = payload.diffusers_lora_file.url;
      avatar.status = 'ready';
    } else {
      avatar.status = 'failed';
    }
    return avatar;
  }

  async function generate(avatar: Avatar | undefined, prompt: string): Promise<unknown> {
    if (avatar?.loraUrl === undefined) return undefined;
    const { data } = await fal.subscribe('fal-ai/flux-lora', {
      input: { prompt, loras: [{ path: avatar.loraUrl, scale: 1 }] },
    });
    return data;
  }

  return createServer((request, response) => {
    const [, route = '', id = '', action] = (request.url ?? '').split('/');
    const answer = async (): Promise<unknown> => {
      if (request.method === 'GET') return avatars.get(id);
      const body = (await json(request)) as Body;
      if (route === 'webhook') return takeWebhook(body);
      return action === 'images' ? generate(avatars.get(id), body.prompt) : train(body.imagesUrl);
    };
    void answer()
      .then((value) => [value === undefined ? 404 : 200, value ?? {}] as const)
      .catch((error: unknown) => [500, { error: String(error) }] as const)
      .then(([status, value]) => response.writeHead(status).end(JSON.stringify(value)));
  });
}
