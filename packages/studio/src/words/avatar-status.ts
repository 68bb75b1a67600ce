import type { Avatar } from '@likeness/client';

/** The state of the newest training in a few words. */
export function statusInWords({ status, progress, error, isReady }: Avatar): string {
  switch (status) {
    case 'DRAFT':
      return 'Waiting for photos';
    case 'QUEUED':
      if (error != null) return 'Start not confirmed by fal';
      return progress?.queuePosition == null ? 'Queued' : `Queued, ${progress.queuePosition} ahead`;
    case 'TRAINING':
      return progress?.percent == null ? 'Training' : `Training, ${progress.percent} %`;
    case 'COMPLETED':
      return 'Ready';
    case 'FAILED':
      return isReady ? 'Ready, last training failed' : 'Training failed';
    case 'CANCELLED':
      return isReady ? 'Ready, last training cancelled' : 'Training cancelled';
  }
}

export function isUnderWay({ status }: Pick<Avatar, 'status'>): boolean {
  return status === 'QUEUED' || status === 'TRAINING';
}
