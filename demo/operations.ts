import { parse, print, separateOperations } from 'graphql';
import { readFile } from 'node:fs/promises';
import type {
  AvatarStatusSubscription,
  AvatarStatusSubscriptionVariables,
  CreateAvatarMutation,
  CreateAvatarMutationVariables,
  GenerateImageMutation,
  GenerateImageMutationVariables,
  GenerationStatusSubscription,
  GenerationStatusSubscriptionVariables,
  StartTrainingMutation,
  StartTrainingMutationVariables,
} from '../src/generated/contract/graphql.ts';

/** The operations that the demo sends. */
export type Operations = {
  CreateAvatar: { variables: CreateAvatarMutationVariables; data: CreateAvatarMutation };
  StartTraining: { variables: StartTrainingMutationVariables; data: StartTrainingMutation };
  GenerateImage: { variables: GenerateImageMutationVariables; data: GenerateImageMutation };
  AvatarStatus: { variables: AvatarStatusSubscriptionVariables; data: AvatarStatusSubscription };
  GenerationStatus: { variables: GenerationStatusSubscriptionVariables; data: GenerationStatusSubscription };
};

/** Relative to demo/ and to dist/ with the bundle. */
const CONTRACT = new URL('../test/contract/operations.graphql', import.meta.url);

/**
 * Reads the text of each operation with its fragments from the contract that the tests use. The demo needs no
 * generated files at run time.
 */
export async function readOperations(): Promise<(name: keyof Operations) => string> {
  const documents = separateOperations(parse(await readFile(CONTRACT, 'utf8')));
  return (name) => {
    const document = documents[name];
    if (document === undefined) throw new Error(`The contract has no operation ${name}`);
    return print(document);
  };
}
