export type Playground = {
  /** Null if fal is not simulated. */
  readonly simulator: { readonly samplePhotosUrl: string } | null;
  /** Origins of the images in a result, apart from that of the page. */
  readonly imageOrigins: readonly string[];
};

/**
 * Default tabs of the playground. Values are inline, so that each tab can be edited and run without variables. Lines are
 * at most 50 characters where the cursor goes: GraphiQL keeps a tab's horizontal scroll position in the next one.
 */
export function playgroundTabs(sampleImagesUrl: string | null): { query: string }[] {
  const imagesUrl = JSON.stringify(sampleImagesUrl ?? 'https://example.com/photos.zip');
  const tabs = [CREATE, train(imagesUrl), WATCH, GENERATE, REGENERATE, LIST];
  return [...tabs, UPLOAD, PHOTOS, TRAIN_FROM_PHOTOS, TRAINERS].map((query) => ({ query }));
}

const CREATE = `# 1. Create an avatar.
#    Copy its ID for the next steps.
mutation CreateAvatar {
  createAvatar(
    input: { name: "Ada", trainingType: PORTRAIT }
  ) {
    ... on CreateAvatarPayload {
      avatar { id name status triggerPhrase }
    }
    ... on Error { code message }
  }
}
`;

const WATCH = `# 3. Watch all your avatars. Run this
#    right after step 2, and stay in this tab.
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

const train = (imagesUrl: string) => `# 2. Replace avatarIdFromStep1 by the ID
#    (double-click it), and train the avatar
#    with these photos, or with yours: step 7.
mutation StartTraining {
  startTraining(
    input: {
      avatarId:
        "avatarIdFromStep1"
      imagesUrl: ${imagesUrl}
    }
  ) {
    ... on StartTrainingPayload {
      avatar { id status falRequestId }
    }
    ... on Error { code message }
  }
}
`;

const GENERATE = `# 4. When the status is COMPLETED, replace
#    avatarIdFromStep1 and generate an image.
mutation GenerateImage {
  generateImage(
    input: {
      avatarId:
        "avatarIdFromStep1"
      prompt: "a portrait in soft window light"
      waitSeconds: 30
    }
  ) {
    ... on GenerateImagePayload {
      generation {
        id
        status
        imageUrl
        seed
        error { code message }
      }
    }
    ... on Error { code message }
  }
}
`;

const REGENERATE = `# 5. Replace generationIdFromStep4, and make
#    the same images again with one change.
mutation Regenerate {
  regenerate(
    input: {
      generationId:
        "generationIdFromStep4"
      prompt: "the same, as a watercolour"
      waitSeconds: 30
    }
  ) {
    ... on RegeneratePayload {
      generation { id status imageUrl seed input }
    }
    ... on Error { code message }
  }
}
`;

const LIST = `# 6. List your avatars and their generations.
query Avatars {
  avatars(first: 10) {
    edges {
      node {
        id
        name
        trainingType
        status
        finetuneId
        diffusersLoraFileUrl
        generations(first: 5) {
          edges { node { id prompt status imageUrl } }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const UPLOAD = `# 7. Your own photos: replace avatarIdFromStep1,
#    and the names and sizes. Step 8 shows the
#    number of photos that a training needs.
mutation UploadPhotos {
  createPhotoUploads(
    input: {
      avatarId:
        "avatarIdFromStep1"
      files: [
        # Exact size in bytes: wc -c < ada.jpg
        { name: "ada.jpg", size: 245760 }
      ]
    }
  ) {
    ... on CreatePhotoUploadsPayload {
      # Send each file to its URL in a terminal:
      # curl -T ada.jpg "<url>"
      uploads { name url }
    }
    ... on Error { code message }
  }
}
`;

const PHOTOS = `# 8. Replace avatarIdFromStep1, and watch the
#    photos while you upload them.
subscription PhotoSet {
  photoSet(
    avatarId:
      "avatarIdFromStep1"
  ) {
    accepted
    minimum
    isEnough
    advice
    photos { name state code message }
  }
}
`;

const TRAIN_FROM_PHOTOS = `# 9. When the photos are enough, replace
#    avatarIdFromStep1 and train with them.
#    Watch the training in step 3.
mutation TrainFromPhotos {
  startTraining(
    input: {
      avatarId:
        "avatarIdFromStep1"
    }
  ) {
    ... on StartTrainingPayload {
      avatar { id status falRequestId }
    }
    ... on Error { code message }
  }
}
`;

const TRAINERS = `# The available trainers, their artifacts and
# the endpoints that generate images from them.
query Trainers {
  trainers {
    name
    endpoint
    trainingTypes
    defaultFor
    artifact
    generatesWith
    price
    deprecation
  }
}
`;

/** Works around GraphiQL: default tabs keep their layout offsets, and the first click on one counts as a drag. */
export function withTabsInPlace(page: string): string {
  return page.replace('</head>', '<style>.graphiql-tab { transform: none !important; }</style></head>');
}
