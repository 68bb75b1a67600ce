import { useState, type ChangeEvent } from 'react';
import { useMutation, useSubscription } from '@apollo/client/react';
import { graphql } from './gql/index.ts';

const AvatarStatus = graphql(`
  subscription AvatarStatus($id: ID!) {
    avatarStatus(avatarId: $id) {
      id
      name
      status
      isReady
      progress {
        percent
      }
      error {
        message
      }
    }
  }
`);
const PhotoSet = graphql(`
  subscription PhotoSet($id: ID!) {
    photoSet(avatarId: $id) {
      avatarId
      accepted
      minimum
      isEnough
      advice
    }
  }
`);
const CreatePhotoUploads = graphql(`
  mutation CreatePhotoUploads($input: CreatePhotoUploadsInput!) {
    createPhotoUploads(input: $input) {
      ... on CreatePhotoUploadsPayload {
        uploads {
          url
        }
      }
      ... on Error {
        message
      }
    }
  }
`);
const StartTraining = graphql(`
  mutation StartTraining($input: StartTrainingInput!) {
    startTraining(input: $input) {
      __typename
      ... on Error {
        message
      }
    }
  }
`);
const GenerateImage = graphql(`
  mutation GenerateImage($input: GenerateImageInput!) {
    generateImage(input: $input) {
      ... on GenerateImagePayload {
        generation {
          id
          imageUrl
          error {
            message
          }
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

/** A call that fails gives its error, and does not throw it. */
const RETURN_ERRORS = { errorPolicy: 'all' } as const;

export function Portrait({ id }: { id: string }) {
  const { data: live, error } = useSubscription(AvatarStatus, { variables: { id } });
  const { data: photos } = useSubscription(PhotoSet, { variables: { id } });
  const [createUploads] = useMutation(CreatePhotoUploads, RETURN_ERRORS);
  const [startTraining] = useMutation(StartTraining, RETURN_ERRORS);
  const [generate, { loading: isGenerating }] = useMutation(GenerateImage, RETURN_ERRORS);
  const [problem, setProblem] = useState<string | null>(null);
  const [imageUrl, setImageUrl] = useState<string | null>(null);

  async function upload({ target }: ChangeEvent<HTMLInputElement>) {
    const files = [...(target.files ?? [])];
    const input = { avatarId: id, files: files.map(({ name, size }) => ({ name, size })) };
    const { data, error } = await createUploads({ variables: { input } });
    const result = data?.createPhotoUploads;
    if (!result || !('uploads' in result)) return setProblem(messageOf(error, result));
    // The subscription shows what became of each photo, so the answers are not read.
    const puts = result.uploads.map(({ url }, index) => fetch(url, { method: 'PUT', body: files[index] }));
    const broken = (await Promise.allSettled(puts)).filter(({ status }) => status === 'rejected').length;
    setProblem(broken > 0 ? `${broken} photos did not arrive: choose them again.` : null);
  }

  async function train() {
    const { data, error } = await startTraining({ variables: { input: { avatarId: id } } });
    setProblem(messageOf(error, data?.startTraining));
  }

  async function draw(form: FormData) {
    const input = { avatarId: id, prompt: String(form.get('prompt')), waitSeconds: 60 };
    const { data, error } = await generate({ variables: { input } });
    const result = data?.generateImage;
    if (!result || !('generation' in result)) return setProblem(messageOf(error, result));
    setProblem(result.generation.error?.message ?? null);
    setImageUrl(result.generation.imageUrl ?? null);
  }

  const avatar = live?.avatarStatus;
  if (error) return <p role="alert">{error.message}</p>;
  if (!avatar) return <p>Loading…</p>;
  const set = photos?.photoSet;
  return (
    <section>
      <h2>
        {avatar.name}: <output>{avatar.status}</output>
      </h2>
      <progress value={avatar.progress?.percent ?? 0} max={100} />
      {(problem ?? avatar.error) && <p role="alert">{problem ?? avatar.error?.message}</p>}
      {!avatar.isReady && (
        <>
          <p>
            <input type="file" accept="image/jpeg,image/png,image/webp" multiple onChange={upload} />
            {set && `${set.accepted} of ${set.minimum} photos. ${set.advice.join(' ')}`}
          </p>
          <button onClick={train} disabled={!set?.isEnough}>
            Train
          </button>
        </>
      )}
      {avatar.isReady && (
        <form action={draw}>
          <input name="prompt" defaultValue="a portrait in soft window light" />
          <button disabled={isGenerating}>Generate</button>
        </form>
      )}
      {imageUrl && <img src={imageUrl} alt={`Portrait of ${avatar.name}`} />}
    </section>
  );
}

/** Of a failed call, or of a refusal in its result. */
function messageOf(error: Error | undefined, result: object | undefined): string | null {
  if (result && 'message' in result) return String(result.message);
  return error?.message ?? null;
}
