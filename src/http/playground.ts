type Tab = { readonly query: string; readonly variables: string };

/**
 * The operations the playground opens with, in the order a newcomer runs them.
 *
 * @param sampleImagesUrl a zip of photos that the provider can fetch; null: the caller has to bring one
 */
export function playgroundTabs(sampleImagesUrl: string | null): { query: string; variables: string }[] {
  const imagesUrl = sampleImagesUrl ?? 'https://example.com/photos.zip';
  const avatarId = 'the id that createAvatar returned';
  return [
    tab(CREATE, { input: { name: 'Ada', trainingType: 'PORTRAIT' } }),
    tab(WATCH, {}),
    tab(TRAIN, { input: { avatarId, imagesUrl } }),
    tab(GENERATE, {
      input: { avatarId, prompt: 'a portrait in soft window light', numImages: 1, waitSeconds: 30 },
    }),
    tab(LIST, { first: 10 }),
    tab(TRAINERS, {}),
  ];
}

function tab(query: string, variables: object): Tab {
  return { query, variables: JSON.stringify(variables, null, 2) };
}

const CREATE = `# 1. Make an avatar. Keep its id for the next steps.
mutation CreateAvatar($input: CreateAvatarInput!) {
  createAvatar(input: $input) {
    __typename
    ... on CreateAvatarPayload {
      avatar { id name status triggerPhrase version }
    }
    ... on Error { code message }
  }
}
`;

const WATCH = `# 2. Watch all your avatars live. Leave this running while you do the next step.
subscription AvatarStatus {
  avatarStatus {
    id
    name
    status
    progress { percent queuePosition source }
    error { code message }
    isReady
    version
  }
}
`;

const TRAIN = `# 3. Train it. Returns as soon as fal has the run.
mutation StartTraining($input: StartTrainingInput!) {
  startTraining(input: $input) {
    __typename
    ... on StartTrainingPayload {
      avatar { id status falRequestId version }
    }
    ... on Error { code message }
  }
}
`;

const GENERATE = `# 4. Once it is COMPLETED: draw images of it.
mutation GenerateImage($input: GenerateImageInput!) {
  generateImage(input: $input) {
    __typename
    ... on GenerateImagePayload {
      generation { id status imageUrl seed error { code message } }
    }
    ... on Error { code message }
  }
}
`;

const LIST = `# 5. Everything you have.
query Avatars($first: Int!) {
  avatars(first: $first) {
    edges {
      node {
        id
        name
        trainingType
        status
        finetuneId
        diffusersLoraFileUrl
        generations(first: 5) { edges { node { id prompt status imageUrl } } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const TRAINERS = `# Who can train, and what each gives.
query Trainers {
  trainers { name endpoint trainingTypes defaultFor artifact generatesWith price deprecation }
}
`;
