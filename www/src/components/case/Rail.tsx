import type { JSX } from "preact";
import { ClockSection } from "./rail/ClockSection";
import { CertificateSection } from "./rail/CertificateSection";
import { ConfidenceSection } from "./rail/ConfidenceSection";
import { HistorySection } from "./rail/HistorySection";
import { PolicySection, ReleaseSection, RoutingSection, UnjudgedSection } from "./rail/FactSections";
import { RaisedSection } from "./rail/RaisedSection";
import { WhySection } from "./rail/WhySection";

/** What the product says of the case, beside what others wrote. */
export function Rail(): JSX.Element {
  return (
    <aside class="rail" aria-label="About this case">
      <ClockSection />
      <RaisedSection />
      <WhySection />
      <ConfidenceSection />
      <CertificateSection />
      <UnjudgedSection />
      <PolicySection />
      <RoutingSection />
      <ReleaseSection />
      <HistorySection />
    </aside>
  );
}
