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

/** The contract's operations that the demo sends: what each takes and gives. */
export type Operations = {
  CreateAvatar: { variables: CreateAvatarMutationVariables; data: CreateAvatarMutation };
  StartTraining: { variables: StartTrainingMutationVariables; data: StartTrainingMutation };
  GenerateImage: { variables: GenerateImageMutationVariables; data: GenerateImageMutation };
  AvatarStatus: { variables: AvatarStatusSubscriptionVariables; data: AvatarStatusSubscription };
  GenerationStatus: { variables: GenerationStatusSubscriptionVariables; data: GenerationStatusSubscription };
};

/** Beside demo/ as well as beside dist/, where the bundle runs. */
const CONTRACT = new URL('../test/contract/operations.graphql', import.meta.url);

/**
 * The text of each operation, with the fragments it uses, from the very file that the tests hold the server to. Only
 * the types are generated, so the demo starts without generating them.
 */
export async function readOperations(): Promise<(name: keyof Operations) => string> {
  const documents = separateOperations(parse(await readFile(CONTRACT, 'utf8')));
  return (name) => {
    const document = documents[name];
    if (document === undefined) throw new Error(`The contract has no operation ${name}`);
    return print(document);
  };
}
