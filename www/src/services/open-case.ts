/** Opens a case, with or without the wish to claim it at once; the case's screen takes the wish once. */
import { caseAddress, go } from "./router";

let claimWanted: string | null = null;

export function openAndClaim(case_id: string): void {
  claimWanted = case_id;
  go(caseAddress(case_id));
}

export function takeClaimWish(case_id: string): boolean {
  const wanted = claimWanted === case_id;
  claimWanted = null;
  return wanted;
}
