import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { CaseDesk } from "../../services/case-desk";
import type { Case } from "../../services/wire";

export const DeskContext = createContext<CaseDesk | null>(null);

export function useDesk(): CaseDesk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error("a case component was drawn outside of a case");
  return desk;
}

/** The case on the desk; only for components that are drawn once it is there. */
export function useCase(): Case {
  const subject = useDesk().subject.value;
  if (subject === null) throw new Error("a case component was drawn before its case was loaded");
  return subject;
}
