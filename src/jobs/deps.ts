import type { CancelGenerationDeps } from './cancel-generation.ts';
import type { CancelTrainingDeps } from './cancel-training.ts';
import type { CreateAvatarDeps } from './create-avatar.ts';
import type { CreatePhotoUploadsDeps } from './photos/create-photo-uploads.ts';
import type { DeletePhotoDeps } from './photos/delete-photo.ts';
import type { DeleteAvatarDeps } from './delete-avatar.ts';
import type { DeleteGenerationDeps } from './delete-generation.ts';
import type { GenerateImageDeps } from './generate-image.ts';
import type { ImportAvatarDeps } from './import-avatar.ts';
import type { PromoteDeps } from './promote.ts';
import type { RegenerateDeps } from './regenerate.ts';
import type { StartTrainingDeps } from './start-training.ts';
import type { UpdateAvatarDeps } from './update-avatar.ts';

/** What the use cases of the API need together. */
export type UseCaseDeps = CreateAvatarDeps &
  UpdateAvatarDeps &
  ImportAvatarDeps &
  StartTrainingDeps &
  CancelTrainingDeps &
  CreatePhotoUploadsDeps &
  DeletePhotoDeps &
  PromoteDeps &
  CancelGenerationDeps &
  DeleteGenerationDeps &
  DeleteAvatarDeps &
  GenerateImageDeps &
  RegenerateDeps;
