import type { JSX } from "preact";
import { certificateTitle, standingWords } from "../../../lib/watch-words";
import { useDesk } from "../desk-context";
import { RailSection } from "../../common/RailSection";

/** Whether drafts of this risk level may be answered without a person by now, and what that still takes. */
export function CertificateSection(): JSX.Element | null {
  const certificates = useDesk().reply.value?.certificates ?? [];
  if (certificates.length === 0) return null;
  return (
    <RailSection title="Answering without a person">
      {certificates.map((standing) => {
        const { state, detail } = standingWords(standing);
        return (
          <div key={standing.disposition} class="watch__item">
            <p>
              <b>{certificateTitle(standing)}</b>: {state}.
            </p>
            <p class="soft">{detail}</p>
          </div>
        );
      })}
    </RailSection>
  );
}
